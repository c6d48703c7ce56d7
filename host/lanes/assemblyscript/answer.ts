import type { FunctionRuntime } from '../../runtime/index.ts';
import { HttpFailure, type HeaderList, type HttpBodySink } from '../../wasi/index.ts';
import { LaneError } from '../errors.ts';
import type { HttpExchange } from '../http-exchange.ts';

/** Most bytes of a result: it is made whole before the first byte leaves. */
const MAX_RESULT_BYTES = 64 * 2 ** 20;

/** Holds a result to its limit while it is read from the guest. */
export function resultBudget({ limits }: FunctionRuntime): (bytes: number) => void {
  const most = Math.min(limits.response, MAX_RESULT_BYTES);
  let left = most;
  return (bytes) => {
    left -= bytes;
    if (left < 0) throw tooLarge(most);
  };
}

/** Sends a whole response, as fast as the client takes it; one that takes longer than `limits.timeout` is broken off. */
export async function sendWhole(
  exchange: HttpExchange,
  {
    status,
    headers,
    body,
  }: { readonly status: number; readonly headers: HeaderList; readonly body: Uint8Array },
  { clock, limits }: FunctionRuntime,
): Promise<void> {
  const sink = exchange.respond(status, headers);
  const stopTimer = clock.after(limits.timeout, () =>
    sink.abort(new HttpFailure({ tag: 'connection-timeout' })),
  );
  if (await write(sink, body).finally(stopTimer)) sink.finish(undefined);
}

/** RFC 9110 section 8.6: a 204 has no length. */
export function sendJson(
  exchange: HttpExchange,
  value: unknown,
  runtime: FunctionRuntime,
): Promise<void> {
  const body = value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value));
  const fields =
    value === undefined
      ? []
      : [
          ['content-type', 'application/json'],
          ['content-length', String(body.length)],
        ];
  const headers: HeaderList = fields.map(([name, text]) => [
    name as string,
    Buffer.from(text as string),
  ]);
  return sendWhole(exchange, { status: value === undefined ? 204 : 200, headers, body }, runtime);
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

function tooLarge(limit: number): LaneError {
  return new LaneError({
    code: 'result-too-large',
    status: 500,
    message: `the function gave a result of more than ${limit} bytes`,
    fix: 'return less at once',
    details: { value: limit },
  });
}
