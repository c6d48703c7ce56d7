/** `trace_id` of lines that belong to no request. */
export const NO_TRACE = '0'.repeat(32);
/** `span_id` of lines that belong to no request. */
export const NO_SPAN = '0'.repeat(16);

/** One `traceparent` (W3C Trace Context, section 3.2). */
export interface TraceParent {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** The caller's span: 16 lower-case hexadecimal digits, not all zero. */
  readonly parentId: string;
  readonly sampled: boolean;
}

/** Who a request is in a trace: what its log lines carry and its outgoing calls pass on. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** The caller's span; absent where the trace starts here. */
  readonly parentId?: string;
  readonly sampled: boolean;
}

/** `count` random bytes. */
export type RandomBytes = (count: number) => Uint8Array;

const HEADER = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
const SAMPLED = 0x01;

/**
 * The `traceparent` of a request, or `undefined` where it is absent or not valid, in which case
 * the recommendation (section 3.2.2.5 and 4.3) starts a new trace.
 *
 * Strict: lower case, no spaces around, version `ff` and all-zero ids refused, version `00`
 * exactly 55 characters, a later version only longer by `-…`. A header sent twice comes
 * joined by a comma and is not valid.
 */
export function parseTraceparent(header: string | undefined): TraceParent | undefined {
  const match = header === undefined ? null : HEADER.exec(header);
  if (match === null) return undefined;
  const [, version = '', traceId = '', parentId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === NO_TRACE || parentId === NO_SPAN) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** The `traceparent` to send on, always of version `00`, with no flag but `sampled`. */
export function formatTraceparent(
  context: Pick<TraceContext, 'traceId' | 'spanId' | 'sampled'>,
): string {
  return `00-${context.traceId}-${context.spanId}-${context.sampled ? '01' : '00'}`;
}

/** Continues the caller's trace in a new span, or starts a new (sampled) one. */
export function startTrace(traceparent: string | undefined, random: RandomBytes): TraceContext {
  const parent = parseTraceparent(traceparent);
  const spanId = newSpanId(random);
  if (parent === undefined) return { traceId: newTraceId(random), spanId, sampled: true };
  return { traceId: parent.traceId, spanId, parentId: parent.parentId, sampled: parent.sampled };
}

export function newTraceId(random: RandomBytes): string {
  return identifier(16, random);
}

export function newSpanId(random: RandomBytes): string {
  return identifier(8, random);
}

/** Not all zero, which is no id; a source of nothing but zeros is a fault, not bad luck. */
function identifier(bytes: number, random: RandomBytes): string {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const drawn = random(bytes);
    if (drawn.length === bytes && drawn.some((byte) => byte !== 0))
      return Buffer.from(drawn).toString('hex');
  }
  throw new Error('the source of randomness gave no usable bytes');
}
