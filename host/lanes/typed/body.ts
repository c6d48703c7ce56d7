import type { RunScope } from '../../runtime/index.ts';
import type { Clock } from '../../base/index.ts';
import { GuestFault, StreamFailure, type IncomingBodySource } from '../../wasi/index.ts';
import { LaneError } from '../errors.ts';

/** The arguments of a call are held in memory whole: no larger body, whatever `limits.body` says. */
export const MAX_RAW_BYTES = 16 * 2 ** 20;
/** Less of JSON: a few bytes of it, such as `[]`, become ten times as many in memory. */
export const MAX_JSON_BYTES = 4 * 2 ** 20;

export interface BodyOptions {
  readonly scope: RunScope;
  readonly clock: Clock;
  /** ms in which the body must be complete. */
  readonly timeout: number;
  readonly maxBytes: number;
}

/**
 * A whole request body.
 *
 * Throws `LaneError` `arguments-too-large` (413), `body-incomplete` (400), what the scope was abandoned with, and
 * `GuestFault` `timeout`.
 */
export async function readBody(
  source: IncomingBodySource,
  { scope, clock, timeout, maxBytes }: BodyOptions,
): Promise<Uint8Array> {
  const failed = Promise.withResolvers<never>();
  // Nobody may be waiting when it fails.
  failed.promise.catch(() => {});
  const stopTimer = clock.after(timeout, () => failed.reject(tooSlow(timeout)));
  let abandoned: Error | undefined;
  const stopListening = scope.onAbandoned((reason = incomplete()) => {
    abandoned = reason;
    failed.reject(reason);
  });
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const chunk = source.read(maxBytes + 1);
      if (chunk === undefined) return Buffer.concat(chunks);
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      if (chunk.length > 0) chunks.push(chunk);
      else if (!source.isReady()) await Promise.race([ready(source), failed.promise]);
    }
  } catch (thrown) {
    // Why it was abandoned comes first: the source knows only that it ended.
    if (thrown instanceof StreamFailure) throw abandoned ?? incomplete();
    throw thrown;
  } finally {
    stopTimer();
    stopListening();
    source.close();
  }
}

function ready(source: IncomingBodySource): Promise<void> {
  return new Promise((resolve) => {
    const stop = source.subscribe(() => {
      stop();
      resolve();
    });
  });
}

function tooLarge(maxBytes: number): LaneError {
  return new LaneError({
    code: 'arguments-too-large',
    status: 413,
    message: `the arguments of this call may have ${maxBytes} bytes`,
    fix: 'send less at once, a lone list<u8> as application/octet-stream, or make the function a handler of HTTP, which reads its body as it comes',
    details: { value: maxBytes },
  });
}

function incomplete(): LaneError {
  return new LaneError({
    code: 'body-incomplete',
    status: 400,
    message: 'the request ended within its body',
  });
}

function tooSlow(timeout: number): GuestFault {
  return new GuestFault({
    code: 'timeout',
    status: 504,
    message: `the request's body did not come within ${timeout} ms`,
    fix: 'raise limits.timeout if clients need longer',
  });
}
