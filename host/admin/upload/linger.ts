import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/index.ts';
import { expectsContinue } from './body.ts';

/** What is still read and thrown away of a request that was refused, so that its client comes to read the answer. */
const LINGER_BYTES = 8 * 2 ** 20;
const LINGER_MS = 1000;

/** Whether a part of the request's body has not arrived yet. */
export function isUnfinished(incoming: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = incoming.headers;
  return !incoming.complete && (coding !== undefined || Number(length ?? 0) > 0);
}

/**
 * A response to a request whose body is not wanted any more: the connection closes after it (RFC 9112 section 9.6), and
 * not before the client had a moment to read it. A connection that is closed while data arrives is reset, and
 * the answer lost with it.
 */
export async function lingering(
  response: Response,
  incoming: IncomingMessage,
  clock: Clock,
): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set('connection', 'close');
  headers.set('content-length', String(body.length));
  const answer = new ReadableStream<Uint8Array>({
    async start(controller) {
      if (body.length > 0) controller.enqueue(body);
      await discard(incoming, clock);
      controller.close();
    },
  });
  return new Response(answer, { status: response.status, headers });
}

function discard(incoming: IncomingMessage, clock: Clock): Promise<void> {
  // This client sends nothing before it is asked to.
  if (expectsContinue(incoming) && !incoming.readableDidRead) return Promise.resolve();
  return new Promise((resolve) => {
    let left = LINGER_BYTES;
    const drain = () => {
      // By `readable`, which goes together with a reader that was there before.
      for (
        let chunk = incoming.read() as Buffer | null;
        chunk !== null;
        chunk = incoming.read() as Buffer | null
      )
        left -= chunk.length;
      if (left <= 0) stop();
    };
    const stop = () => {
      cancel();
      incoming.off('readable', drain);
      incoming.off('end', stop);
      incoming.off('close', stop);
      resolve();
    };
    const cancel = clock.after(LINGER_MS, stop);
    incoming.on('readable', drain);
    incoming.on('end', stop);
    incoming.on('close', stop);
    if (incoming.destroyed || incoming.readableEnded) stop();
    else drain();
  });
}
