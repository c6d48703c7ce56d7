import type { IncomingMessage, ServerResponse } from 'node:http';
import { AdminError } from '../errors.ts';

export interface BodyOptions {
  /** Most bytes of the whole body; one more is `upload-too-large` (413). */
  readonly maxBytes: number;
  /** Ends the reading with its reason. */
  readonly signal: AbortSignal;
  readonly received: (bytes: number) => void;
}

/** Throws `upload-too-large` (413) for a body that says of itself that it is. */
export function checkLength(incoming: IncomingMessage, maxBytes: number): void {
  const length = incoming.headers['content-length'];
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
}

/**
 * A request's body chunk by chunk: nothing is read from the socket before it is asked for. The request is left as
 * it is when the reading ends early, so that it can still be answered.
 *
 * Throws `upload-too-large` (413), `upload-cut-off` (400), or the signal's reason.
 */
export async function* readBody(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: BodyOptions,
): AsyncGenerator<Uint8Array> {
  const { maxBytes, signal, received } = options;
  // Not a race against one long-lived promise: that would hold every chunk that ever won against it.
  let giveUp: ((reason: Error) => void) | undefined;
  const abort = () => giveUp?.(signal.reason as Error);
  signal.addEventListener('abort', abort);
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  let size = 0;
  try {
    if (expectsContinue(incoming)) outgoing.writeContinue();
    for (;;) {
      signal.throwIfAborted();
      const step = await new Promise<IteratorResult<Buffer>>((resolve, reject) => {
        giveUp = reject;
        chunks.next().then(resolve, (cause: unknown) => reject(cutOff(cause)));
      });
      if (step.done === true) return;
      size += step.value.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      received(step.value.length);
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** RFC 9110 section 10.1.1: the client waits to be told that its body is wanted. */
export function expectsContinue(incoming: IncomingMessage): boolean {
  return incoming.headers.expect?.toLowerCase() === '100-continue';
}

function tooLarge(maxBytes: number): AdminError {
  return new AdminError({
    code: 'upload-too-large',
    status: 413,
    message: `the upload is larger than the ${maxBytes} bytes that are taken`,
    fix: 'make the module smaller (strip its debug information), or raise the size limit of uploads',
    details: { maxBytes },
  });
}

function cutOff(cause: unknown): AdminError {
  return new AdminError({
    code: 'upload-cut-off',
    status: 400,
    message: 'the upload ended before it was whole',
    fix: 'send it again',
    cause,
  });
}
