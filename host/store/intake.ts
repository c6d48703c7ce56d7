import { createHash } from 'node:crypto';
import { SelvedgeError } from '../base/index.ts';
import { StoreError } from './errors.ts';
import type { ArtifactEntry, StageOptions } from './artifacts.ts';

/**
 * Pulls `source` to its end, giving each chunk to `sink` before the next is asked for, so that no more than
 * one chunk is in memory. What `sink` throws is thrown unchanged; the rest is as `ArtifactStore.stage` says.
 */
export async function takeIn(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, signal }: StageOptions,
  sink: (chunk: Uint8Array) => Promise<void> | void,
): Promise<ArtifactEntry> {
  const iterator = source[Symbol.asyncIterator]();
  const pull = interruptible(iterator, signal);
  const hash = createHash('sha256');
  let size = 0;
  let exhausted = false;
  try {
    for (;;) {
      const step = await pull.next();
      if (step.done === true) {
        exhausted = true;
        return { sha256: hash.digest('hex'), size };
      }
      size += step.value.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      hash.update(step.value);
      await sink(step.value);
    }
  } finally {
    pull.stop();
    // A source that hangs never settles its `return`, and its complaint about being cut short has no one to go to:
    // the staging fails with what cut it.
    if (!exhausted) iterator.return?.().catch(() => undefined);
  }
}

/** The iterator's steps, each given up when the signal is aborted even if the iterator never answers. */
function interruptible(iterator: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined) {
  let giveUp: ((error: Error) => void) | undefined;
  const onAbort = () => giveUp?.(aborted(signal?.reason));
  signal?.addEventListener('abort', onAbort);
  return {
    next: () =>
      new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(aborted(signal.reason));
          return;
        }
        giveUp = reject;
        iterator.next().then(resolve, (error: unknown) => reject(sourceFailed(error)));
      }),
    stop: () => signal?.removeEventListener('abort', onAbort),
  };
}

function tooLarge(maxBytes: number): StoreError {
  return new StoreError({
    code: 'artifact-too-large',
    status: 413,
    message: `The module is larger than ${maxBytes} bytes.`,
    fix: 'Make the module smaller (strip its debug information), or raise the size limit of uploads.',
    details: { maxBytes },
  });
}

function aborted(reason: unknown): Error {
  if (reason instanceof SelvedgeError) return reason;
  const late = reason instanceof Error && reason.name === 'TimeoutError';
  return new StoreError({
    code: 'stage-aborted',
    status: late ? 408 : 400,
    message: late ? 'The module did not arrive in time.' : 'The module was cut off before its end.',
    fix: 'Send the whole module again.',
    cause: reason,
  });
}

function sourceFailed(cause: unknown): Error {
  if (cause instanceof SelvedgeError) return cause;
  return new StoreError({
    code: 'source-failed',
    status: 400,
    message: 'The module could not be read to its end.',
    fix: 'Send the whole module again.',
    cause,
  });
}
