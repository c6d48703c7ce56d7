import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_CONTENT_TYPE, problemOf, type Clock } from '../base/index.ts';
import { GatewayError } from './errors.ts';

/** How long a client may take to read a refusal and to close, milliseconds. */
const LINGER_MS = 1000;

/** What Node's parser refused before there was a request (RFC 9112, RFC 6585). */
export function refusalOf(error: NodeJS.ErrnoException): GatewayError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError({
        code: 'headers-too-large',
        status: 431,
        message: 'the request line and headers are too large',
        cause: error,
      });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError({
        code: 'request-timeout',
        status: 408,
        message: 'the headers did not arrive in time',
        cause: error,
      });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new GatewayError({
        code: 'body-too-large',
        status: 413,
        message: 'the chunk extensions are too large',
        cause: error,
      });
    case 'HPE_INVALID_METHOD':
      return new GatewayError({
        code: 'method-not-supported',
        status: 501,
        message: 'the method is not one that this server parses',
        cause: error,
      });
    default:
      return new GatewayError({
        code: 'bad-request',
        status: 400,
        message: 'the request is not valid HTTP',
        cause: error,
      });
  }
}

/**
 * Answers on a socket that has no request, and closes it: where one message ends and the next begins is no longer
 * known. A client that does not close its side is cut after a second.
 */
export function refuse(socket: Socket, error: GatewayError, traceId: string, clock: Clock): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ ...problemOf(error), trace_id: traceId });
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  socket.once(
    'close',
    clock.after(LINGER_MS, () => socket.destroy()),
  );
}
