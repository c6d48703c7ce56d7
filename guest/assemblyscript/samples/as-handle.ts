// Whole HTTP requests.
import { Request, Response, header, text } from '../assembly/http';

/** Answers with what it was asked. */
export function handle(request: Request): Response {
  const path = request.path.split('?')[0];
  if (path == '/echo') {
    const type = header(request.headers, 'content-type');
    return {
      status: 200,
      headers: [
        { name: 'content-type', value: type === null ? 'application/octet-stream' : type },
        { name: 'x-one', value: 'a' },
        { name: 'x-one', value: 'b' },
      ],
      body: request.body,
    };
  }
  if (path == '/status') return text('', <i32>parseInt(request.path.split('?')[1]));
  if (path == '/header') return { status: 200, headers: [{ name: 'bad name', value: 'x' }], body: new ArrayBuffer(0) };
  if (path == '/wide') return { status: 200, headers: [{ name: 'x-wide', value: '\u2603' }], body: new ArrayBuffer(0) };
  if (path == '/framing') return { status: 200, headers: [{ name: 'transfer-encoding', value: 'chunked' }], body: new ArrayBuffer(0) };
  if (path == '/length') return { status: 200, headers: [{ name: 'content-length', value: '7' }], body: new ArrayBuffer(3) };
  if (path == '/abort') throw new Error('no such luck');
  return text(request.method + ' ' + request.path + ' ' + request.scheme);
}
