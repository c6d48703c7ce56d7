import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../base/index.ts';
import { startTrace, type Logger, type RandomBytes } from '../telemetry/index.ts';
import { GatewayError } from './errors.ts';
import { sendProblem } from './exchange.ts';
import { OpenExchanges } from './open-exchanges.ts';
import { checkHead } from './request-head.ts';
import { breakOff } from './response-body.ts';
import { refusalOf, refuse } from './wire-refusals.ts';

export interface ListenOptions {
  /** A Hono application's. */
  readonly fetch: Parameters<typeof getRequestListener>[0];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  /** For the requests that it refuses itself; one line each. */
  readonly logger: Logger;
  readonly random: RandomBytes;
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

/** Time for the rest of a request's body that nobody reads, once its response is complete. Milliseconds. */
const UNREAD_BODY_MS = 5000;

/** Requests whose client waits for `100 Continue`; it is sent when the guest first asks for the body. */
const waiting = new WeakSet<IncomingMessage>();

export function expectsContinue(incoming: IncomingMessage): boolean {
  return waiting.has(incoming);
}

/**
 * Serves an application on a port. Rejects with `GatewayError` `address-unavailable` when it cannot be had.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { clock, logger, random } = options;
  // The name stands in for the Host that HTTP/1.0 need not send.
  const application = getRequestListener(options.fetch, {
    hostname: 'localhost',
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  });
  const open = new OpenExchanges();
  const refused = (error: GatewayError, traceparent?: string) => {
    const { traceId, spanId } = startTrace(traceparent, random);
    logger.info(
      {
        trace_id: traceId,
        span_id: spanId,
        status: error.status,
        code: error.code,
        reason: error.message,
      },
      'request refused',
    );
    return traceId;
  };
  /** Whose last word was a refusal: what comes after it is nobody's request. */
  const failed = new WeakSet<Socket>();
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (failed.has(incoming.socket)) return;
    open.add(incoming, outgoing);
    outgoing.once('finish', () => dropUnreadBody(incoming, clock));
    try {
      checkHead(incoming);
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      failed.add(incoming.socket);
      outgoing.shouldKeepAlive = false;
      sendProblem(
        incoming,
        outgoing,
        thrown,
        refused(thrown, incoming.headersDistinct['traceparent']?.join()),
      );
      return;
    }
    // RFC 9110 section 9.3.7: it is about the server, and tells no more than that it is there.
    if (incoming.url === '*') outgoing.writeHead(204).end();
    else void application(incoming, outgoing);
  };
  const server = createServer(
    {
      maxHeaderSize: options.maxHeaderBytes ?? 32 * 1024,
      // Asked for by `checkHead`, with problem details.
      requireHostHeader: false,
      headersTimeout: options.headersTimeoutMs ?? 10_000,
      connectionsCheckingInterval: 1000,
      // A body may take as long as its function may run, and that ends it.
      requestTimeout: 0,
      keepAliveTimeout: 5000,
    },
    listener,
  );
  server.maxHeadersCount = 0;
  server.maxConnections = options.maxConnections ?? 10_000;
  // Each request of a pipeline waits for the end of its connection.
  server.on('connection', (socket: Socket) => socket.setMaxListeners(0));
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    waiting.add(incoming);
    listener(incoming, outgoing);
  });
  server.on('checkExpectation', listener);
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    const error = new GatewayError({
      code: 'method-not-supported',
      status: 501,
      message: 'CONNECT is not supported',
    });
    afterAnswers(open, socket, () =>
      refuse(socket, error, refused(error, incoming.headersDistinct['traceparent']?.join()), clock),
    );
  });
  server.on('clientError', (cause: NodeJS.ErrnoException, socket: Socket) => {
    if (failed.has(socket)) return;
    failed.add(socket);
    if (cause.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const error = refusalOf(cause);
    const traceId = refused(error);
    afterAnswers(open, socket, () => refuse(socket, error, traceId, clock));
  });
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

/**
 * Answers on the wire come in the order of the requests (RFC 9112 section 9.3.2), and none within another: what
 * comes after complete requests waits for their answers, and what spoils the body of the last one breaks off
 * whatever has begun.
 */
function afterAnswers(open: OpenExchanges, socket: Socket, answer: () => void): void {
  const exchanges = open.of(socket);
  const last = exchanges.at(-1);
  if (last === undefined) return answer();
  if (last.incoming.complete) {
    last.outgoing.once('finish', answer);
    last.outgoing.once('close', () => socket.destroySoon());
    return;
  }
  if (exchanges.length === 1 && !last.outgoing.headersSent) return answer();
  breakOff(last.outgoing);
  socket.destroy();
}

/** The client may go on sending what nobody reads: Node takes it and throws it away, which must have an end. */
function dropUnreadBody(incoming: IncomingMessage, clock: Clock): void {
  if (incoming.complete) return;
  const { socket } = incoming;
  const stop = () => {
    cancel();
    incoming.off('end', stop);
    socket.off('close', stop);
  };
  const cancel = clock.after(UNREAD_BODY_MS, () => {
    stop();
    if (!incoming.complete) socket.destroy();
  });
  incoming.once('end', stop);
  socket.once('close', stop);
}
