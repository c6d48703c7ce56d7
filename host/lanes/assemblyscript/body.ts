import type { Clock } from '../../base/index.ts';
import type { RunScope } from '../../runtime/index.ts';
import { GuestFault, StreamFailure, type IncomingBodySource } from '../../wasi/index.ts';
import { LaneError } from '../errors.ts';

/** A body is held in memory whole, and then again by the guest: no larger one, whatever `limits.body` says. */
const MAX_BODY_BYTES = 16 * 2 ** 20;

export interface BodyOptions {
  readonly scope: RunScope;
  readonly clock: Clock;
  /** ms in which the body must be complete. */
  readonly timeout: number;
}

/**
 * A whole request body.
 *
 * Throws `LaneError` `body-too-large` (413) and `body-incomplete` (400), what the scope was abandoned with, and
 * `GuestFault` `timeout`.
 */
export async function readWhole(
  source: IncomingBodySource,
  { scope, clock, timeout }: BodyOptions,
): Promise<Buffer> {
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
      const chunk = source.read(MAX_BODY_BYTES + 1);
      if (chunk === undefined) return Buffer.concat(chunks);
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw tooLarge();
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

function tooLarge(): LaneError {
  return new LaneError({
    code: 'body-too-large',
    status: 413,
    message: `a module of AssemblyScript's is given its request's body whole, and so at most ${MAX_BODY_BYTES} bytes`,
    fix: 'send less at once, or make the function a component, which reads its body as it comes',
    details: { value: MAX_BODY_BYTES },
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
