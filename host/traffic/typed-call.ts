import { SelvedgeError } from '../base/index.ts';
import { MemoryExchange, type TypedEntry } from '../lanes/index.ts';
import { TrafficError } from './errors.ts';
import type { Caller, LiveFunction } from './live-function.ts';

/** A call that does not come over the edge: as WAVE, or as what would be posted there. */
export type TypedCall =
  | { readonly wave: string; readonly session?: string | undefined }
  | {
      /** Below the function: `mirror/echo-u8`. */
      readonly path: string;
      readonly args?: unknown;
      readonly method?: 'POST' | 'DELETE' | undefined;
      readonly session?: string | undefined;
    };

export interface TypedAnswer {
  /** The result; absent where there is none. */
  readonly json?: unknown;
  /** The same in WAVE, of a call in WAVE. */
  readonly wave?: string;
  /** The session that goes on, for the next call. */
  readonly session?: string;
}

/**
 * Calls a function by the way of the edge: the same lane, limits and log. Throws what the edge would answer with;
 * of a call in WAVE the function's own error has `wave` among its details.
 */
export async function callTyped(
  live: LiveFunction,
  call: TypedCall,
  caller: Caller,
): Promise<TypedAnswer> {
  const wave = 'wave' in call ? typedEntryOf(live).readWave(call.wave) : undefined;
  const posted = 'wave' in call ? undefined : call;
  const path = wave?.path ?? posted?.path ?? '';
  const session = call.session;
  const exchange = new MemoryExchange({
    method: posted?.method ?? 'POST',
    path: `/${path.split('/').map(encodeURIComponent).join('/')}`,
    headers: {
      'content-type': 'application/json',
      ...(session === undefined ? {} : { 'selvedge-session': session }),
    },
    body: Buffer.from(wave?.body ?? JSON.stringify(posted?.args ?? {})),
  });
  try {
    await live.serve(exchange, caller);
  } catch (thrown) {
    throw wave === undefined ? thrown : withWave(thrown, wave);
  }
  const { status, headers, body } = exchange.answer();
  const text = Buffer.from(body).toString();
  const said = wave?.answer(status, text);
  return {
    ...(text === '' ? {} : { json: JSON.parse(text) as unknown }),
    ...(said === undefined ? {} : { wave: said }),
    ...(headers['selvedge-session'] === undefined ? {} : { session: headers['selvedge-session'] }),
  };
}

/** Throws `TrafficError` `not-typed` (409). */
export function typedEntryOf(live: LiveFunction): TypedEntry {
  if (live.typed !== undefined) return live.typed;
  throw new TrafficError({
    code: 'not-typed',
    status: 409,
    message: `${live.name} is called by the lane ${live.lane}, which has no typed functions`,
    fix: `send it requests: selvedge call ${live.name}`,
  });
}

function withWave(thrown: unknown, wave: ReturnType<TypedEntry['readWave']>): unknown {
  if (!(thrown instanceof SelvedgeError) || thrown.code !== 'function-error') return thrown;
  const { code, status, message, fix, details } = thrown;
  const said = wave.answer(status, JSON.stringify({ code, ...details }));
  return new TrafficError({
    code,
    status,
    message,
    fix,
    cause: thrown,
    details: { ...details, wave: said },
  });
}
