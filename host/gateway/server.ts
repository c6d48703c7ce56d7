import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { PROBLEM_CONTENT_TYPE, problemOf } from '../base/index.ts';
import { GatewayError } from './errors.ts';

export interface ListenOptions {
  /** A Hono application's. */
  readonly fetch: Parameters<typeof getRequestListener>[0];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Bytes of the request line and headers together. */
  readonly maxHeaderBytes?: number;
  /** Time to receive the headers, milliseconds. */
  readonly headersTimeoutMs?: number;
  /** Connections at once. */
  readonly maxConnections?: number;
}

export interface Listening {
  readonly url: string;
  readonly address: string;
  readonly port: number;
  /** Takes no new connection, closes idle ones, and resolves once the others have finished. */
  drain(): Promise<void>;
  /** Takes no new connection, and cuts those that there are. */
  destroy(): void;
}

/** Requests whose client waits for `100 Continue`; it is sent when the guest first asks for the body. */
const waiting = new WeakSet<IncomingMessage>();

export function expectsContinue(incoming: IncomingMessage): boolean {
  return waiting.has(incoming);
}

/**
 * Serves an application on a port. Rejects with `GatewayError` `address-unavailable` when it cannot be had.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const listener = getRequestListener(options.fetch, { overrideGlobalObjects: false, autoCleanupIncoming: false });
  const server = createServer(
    {
      maxHeaderSize: options.maxHeaderBytes ?? 32 * 1024,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      connectionsCheckingInterval: 1000,
      // A body may take as long as its function may run, and that ends it.
      requestTimeout: 0,
      keepAliveTimeout: 5000,
      requireHostHeader: true,
    },
    listener,
  );
  server.maxHeadersCount = 0;
  server.maxConnections = options.maxConnections ?? 10_000;
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    waiting.add(incoming);
    void listener(incoming, outgoing);
  });
  server.on('connect', (_incoming: IncomingMessage, socket: Socket) => {
    refuse(socket, new GatewayError({ code: 'method-not-supported', status: 501, message: 'CONNECT is not supported' }));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(socket, refusalOf(error)));
  await bind(server, options);
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    address,
    port,
    drain: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    destroy: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(
        new GatewayError({
          code: 'address-unavailable',
          status: 500,
          message: `cannot listen on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'another program does' : error.message}`,
          fix: 'choose another address with --listen or --admin-listen; port 0 takes a free one',
          cause: error,
        }),
      );
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** What Node's parser refused before there was a request (RFC 9112, RFC 6585). */
function refusalOf(error: NodeJS.ErrnoException): GatewayError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError({ code: 'headers-too-large', status: 431, message: 'the request line and headers are too large', cause: error });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError({ code: 'request-timeout', status: 408, message: 'the headers did not arrive in time', cause: error });
    case 'HPE_INVALID_METHOD':
      return new GatewayError({ code: 'method-not-supported', status: 501, message: 'the method is not one that this server parses', cause: error });
    default:
      return new GatewayError({ code: 'bad-request', status: 400, message: 'the request is not valid HTTP', cause: error });
  }
}

/** Answers on a socket that has no request, and closes it: where one message ends and the next begins is no longer known. */
function refuse(socket: Socket, error: GatewayError): void {
  if (!socket.writable || (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problemOf(error));
  socket.end(
    `HTTP/1.1 ${error.status} ${REASONS.get(error.status)}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'],
  [408, 'Request Timeout'],
  [431, 'Request Header Fields Too Large'],
  [501, 'Not Implemented'],
]);
