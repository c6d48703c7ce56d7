import { formatBytes, formatMilliseconds } from '../base/index.ts';

/** What a function may use. Every value is a whole number in the unit that its line names. */
export interface Limits {
  /** ms of wall time of one request, from its first byte to the last of its response. */
  readonly timeout: number;
  /** ms of CPU of one request. Recorded; not enforced by this version. */
  readonly cpu: number;
  /** Bytes of all linear memories of one instance. */
  readonly memory: number;
  /** Bytes of a request's body. */
  readonly body: number;
  /** Bytes of a response's body. */
  readonly response: number;
  /** Requests at once. */
  readonly concurrency: number;
  /** Live WASI resources of one instance. */
  readonly handles: number;
  /** Bytes of one block of headers or trailers, either way. */
  readonly headers: number;
  /** Fields in one block of headers or trailers, either way. */
  readonly headerCount: number;
  /** Most bytes that one host call moves or allocates on the guest's word. */
  readonly copy: number;
  /** Outgoing requests of one request. */
  readonly subrequests: number;
  /** Open file descriptors of one instance. */
  readonly files: number;
  /** Bytes of guest log per second, all requests of the function together. */
  readonly log: number;
  /** Bytes of guest log of one request. */
  readonly logTotal: number;
  /** Elements of each table. */
  readonly tableElements: number;
}

export type LimitName = keyof Limits;
export type LimitUnit = 'duration' | 'bytes' | 'count';

export interface LimitRule {
  readonly name: LimitName;
  /** `duration`: ms, written `"2s"`; `bytes`: written `"64KiB"`; `count`: a plain integer. */
  readonly unit: LimitUnit;
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly enforced: boolean;
  /** One sentence for the reference and for editors. */
  readonly doc: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const TIB = 1024 * GIB;
const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** The one table of limits: validation, defaults, schema and the reference are made from it. */
export const LIMITS: readonly LimitRule[] = [
  rule(
    'timeout',
    'duration',
    60 * SECOND,
    1,
    HOUR,
    'Wall time of one request, from its first byte to the last of its response.',
  ),
  rule(
    'cpu',
    'duration',
    10 * SECOND,
    1,
    HOUR,
    'CPU time of one request. Recorded; not enforced by this version.',
    false,
  ),
  rule(
    'memory',
    'bytes',
    128 * MIB,
    64 * KIB,
    4 * GIB,
    'All linear memories of one instance together.',
  ),
  rule('body', 'bytes', GIB, 1, TIB, 'Body of one request.'),
  rule('response', 'bytes', 4 * GIB, 1, TIB, 'Body of one response.'),
  rule('concurrency', 'count', 512, 1, 10_000, 'Requests of the function at once.'),
  rule('handles', 'count', 10_000, 1, 1_000_000, 'Live WASI resources of one instance.'),
  rule(
    'headers',
    'bytes',
    64 * KIB,
    KIB,
    MIB,
    'All fields of one block of headers or trailers, either way.',
  ),
  rule(
    'headerCount',
    'count',
    512,
    1,
    10_000,
    'Fields in one block of headers or trailers, either way.',
  ),
  rule(
    'copy',
    'bytes',
    MIB,
    4 * KIB,
    64 * MIB,
    "Most that one host call moves or allocates on the guest's word.",
  ),
  rule('subrequests', 'count', 50, 1, 10_000, 'Outgoing requests of one request.'),
  rule('files', 'count', 256, 1, 65_536, 'Open file descriptors of one instance.'),
  rule(
    'log',
    'bytes',
    64 * KIB,
    KIB,
    64 * MIB,
    'Guest log per second, all requests of the function together.',
  ),
  rule('logTotal', 'bytes', MIB, KIB, GIB, 'Guest log of one request.'),
  rule('tableElements', 'count', 100_000, 1, 10_000_000, 'Elements of each table.'),
];

export function defaultLimits(): Limits {
  const defaults = Object.fromEntries(LIMITS.map((limit) => [limit.name, limit.default]));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has one rule for each name
  return defaults as unknown as Limits;
}

/** A value in the words of a user: `"2s"`, `"64MiB"`, `512`. */
export function formatLimit(unit: LimitUnit, value: number): string {
  if (unit === 'duration') return formatMilliseconds(value);
  return unit === 'bytes' ? formatBytes(value) : String(value);
}

function rule(
  name: LimitName,
  unit: LimitUnit,
  normal: number,
  minimum: number,
  maximum: number,
  doc: string,
  enforced = true,
): LimitRule {
  return { name, unit, default: normal, minimum, maximum, enforced, doc };
}
