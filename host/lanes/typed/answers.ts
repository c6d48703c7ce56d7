import type { Clock } from '../../base/index.ts';
import { jsonText } from '../../component/index.ts';
import { HttpFailure, type HeaderList, type HttpBodySink } from '../../wasi/index.ts';
import type { HttpExchange } from '../http-exchange.ts';
import { LaneError } from '../errors.ts';

/** Most bytes of a result, JSON text included: it is made whole before the first byte leaves. */
const MAX_RESULT_BYTES = 64 * 2 ** 20;

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Patience {
  readonly clock: Clock;
  /** ms after which a client that does not take the body has it broken off. */
  readonly timeout: number;
}

/** Sends a whole body, as fast as the client takes it. */
export async function send(
  exchange: HttpExchange,
  status: number,
  fields: Fields,
  body: Uint8Array | undefined,
  { clock, timeout }: Patience,
): Promise<void> {
  // RFC 9110 section 8.6: a 204 has no length.
  const length: Fields = status === 204 ? [] : [['content-length', String(body?.length ?? 0)]];
  const headers: HeaderList = [...fields, ...length].map(([name, value]) => [
    name,
    Buffer.from(value, 'latin1'),
  ]);
  const sink = exchange.respond(status, headers);
  if (body !== undefined && exchange.request.method !== 'HEAD') {
    const stopTimer = clock.after(timeout, () =>
      sink.abort(new HttpFailure({ tag: 'connection-timeout' })),
    );
    const complete = await write(sink, body).finally(stopTimer);
    if (!complete) return;
  }
  sink.finish(undefined);
}

/** Whether all of it was taken. */
async function write(sink: HttpBodySink, body: Uint8Array): Promise<boolean> {
  let at = 0;
  while (at < body.length) {
    const room = sink.permit();
    // The client has gone: there is nobody to tell.
    if (room === undefined) return false;
    if (room === 0) {
      await new Promise<void>((resolve) => {
        const stop = sink.subscribe(() => {
          stop();
          resolve();
        });
      });
      continue;
    }
    sink.write(body.subarray(at, at + room));
    at += room;
  }
  return true;
}

/** Holds a result to its limit while it is made JSON. */
export function resultBudget(limit: number): (bytes: number) => void {
  const most = Math.min(limit, MAX_RESULT_BYTES);
  let left = most;
  return (bytes) => {
    left -= bytes;
    if (left < 0) throw resultTooLarge(most);
  };
}

export function jsonBody(value: unknown): Uint8Array {
  return Buffer.from(jsonText(value));
}

function resultTooLarge(limit: number): LaneError {
  return new LaneError({
    code: 'result-too-large',
    status: 500,
    message: `the function gave a result of more than ${limit} bytes`,
    fix: 'return less at once, or make the function a handler of HTTP, which sends its body as it goes',
    details: { value: limit },
  });
}
