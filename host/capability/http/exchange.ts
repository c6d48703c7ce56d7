import http from 'node:http';
import type { Clock } from '../../base/index.ts';
import {
  HttpFailure,
  type IncomingExchange,
  type OutgoingExchange,
} from '../../wasi/http/index.ts';
import type { DialProgress } from './dial.ts';
import { type FailurePhase, toHttpFailure } from './failures.ts';
import type { ConnectionPool, PooledOptions } from './pool.ts';
import { fieldPairs, RequestSink } from './request-sink.ts';
import { fieldList, ResponseSource } from './response-source.ts';
import type { Target } from './target.ts';

export interface ExchangeOptions {
  readonly pool: ConnectionPool;
  readonly clock: Clock;
  /** All in ms. */
  readonly timeouts: {
    readonly connect: number;
    readonly firstByte: number;
    readonly betweenBytes: number;
  };
  /** Most bytes and most fields of a block of headers or trailers. */
  readonly limits: { readonly headers: number; readonly headerCount: number };
}

/** RFC 9110 section 8.6: methods whose requests say `Content-Length: 0` where they have no body. */
const ANTICIPATES_BODY = new Set(['POST', 'PUT', 'PATCH']);
/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** A kept connection was closed by the server before it saw the request. */
class StaleConnection extends Error {}

/**
 * Sends one request and resolves when the head of its response has come. Follows no redirect. Rejects with
 * `HttpFailure`; on every way out, `signal` included, the connection is either back in the pool or closed.
 */
export async function exchange(
  outgoing: OutgoingExchange,
  target: Target,
  options: ExchangeOptions,
  signal: AbortSignal,
): Promise<IncomingExchange> {
  for (;;) {
    try {
      return await attempt(outgoing, target, options, signal);
    } catch (thrown) {
      // Each attempt uses up one kept connection, so this ends at the first new one.
      if (!(thrown instanceof StaleConnection)) throw thrown;
    }
  }
}

function attempt(
  outgoing: OutgoingExchange,
  target: Target,
  options: ExchangeOptions,
  signal: AbortSignal,
): Promise<IncomingExchange> {
  return new Promise((resolve, reject) => {
    const { clock, timeouts, limits, pool } = options;
    const controller = new AbortController();
    const progress: DialProgress = { phase: 'waiting' };
    const request = open(outgoing, target, pool, limits.headers, {
      target,
      signal: controller.signal,
      progress,
    });
    let phase: FailurePhase = 'connecting';
    let source: ResponseSource | undefined;
    let ended = false;
    let cancelTimer = clock.after(timeouts.connect, () =>
      fail(new HttpFailure(connectTimeoutCode(progress))),
    );

    const end = () => {
      ended = true;
      cancelTimer();
      signal.removeEventListener('abort', abort);
    };
    const fail = (failure: HttpFailure | StaleConnection) => {
      if (ended) return;
      end();
      controller.abort(failure);
      request.destroy();
      reject(failure);
      if (!(failure instanceof HttpFailure)) return;
      sink?.end(failure);
      source?.end(failure);
    };
    const abort = () => fail(new HttpFailure({ tag: 'connection-terminated' }));
    const awaitFirstByte = () => {
      if (ended || source !== undefined || request.socket === null) return;
      cancelTimer();
      cancelTimer = clock.after(timeouts.firstByte, () =>
        fail(new HttpFailure({ tag: 'connection-read-timeout' })),
      );
    };
    const { body } = outgoing;
    const anticipatesBody = ANTICIPATES_BODY.has(outgoing.method);
    const sink =
      body === undefined
        ? undefined
        : new RequestSink(request, {
            clock,
            stall: timeouts.betweenBytes,
            anticipatesBody,
            fail,
            sent: awaitFirstByte,
          });

    request.on('socket', () => {
      phase = 'exchanging';
      cancelTimer();
      if (request.writableFinished || request.writableEnded) awaitFirstByte();
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && source === undefined && error.code === 'ECONNRESET';
      if (isStale && body === undefined && IDEMPOTENT.has(outgoing.method))
        fail(new StaleConnection());
      else fail(toHttpFailure(error, phase, limits.headers));
    });
    request.on('upgrade', () => fail(new HttpFailure({ tag: 'HTTP-upgrade-failed' })));
    request.on('response', (response) => {
      phase = 'receiving';
      cancelTimer();
      response.on('error', (error) => fail(toHttpFailure(error, phase, limits.headers)));
      response.on('close', () => {
        if (!response.complete) fail(new HttpFailure({ tag: 'HTTP-response-incomplete' }));
        else if (request.writableFinished) {
          end();
          sink?.end(undefined);
        }
      });
      if (response.rawHeaders.length / 2 > limits.headerCount) {
        fail(new HttpFailure({ tag: 'HTTP-response-header-section-size', val: limits.headers }));
        return;
      }
      source = new ResponseSource(response, { clock, betweenBytes: timeouts.betweenBytes, fail });
      resolve({
        status: response.statusCode ?? 0,
        headers: fieldList(response.rawHeaders),
        body: source,
      });
    });

    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    if (body === undefined || sink === undefined) {
      request.useChunkedEncodingByDefault = anticipatesBody;
      request.end();
    } else {
      body.attach(sink);
      // The server should see the head now, however long the guest takes over the body.
      if (!ended && !request.writableEnded) guarded(() => request.flushHeaders(), fail);
    }
  });
}

function open(
  outgoing: OutgoingExchange,
  target: Target,
  pool: ConnectionPool,
  maxHeaderSize: number,
  dialling: PooledOptions['dialling'],
): http.ClientRequest {
  const options: PooledOptions = {
    protocol: `${target.scheme}:`,
    agent: pool.agent(target.scheme),
    // The token would be upper-cased here; it is set below, before anything is sent. POST, so that bodies are framed.
    method: 'POST',
    path: outgoing.pathWithQuery,
    setHost: false,
    insecureHTTPParser: false,
    maxHeaderSize,
    dialling,
  };
  try {
    const request = http.request(options);
    request.method = outgoing.method;
    // Node would drop what comes after its own count without a word; the bytes are limited, and the count is checked after.
    request.maxHeadersCount = 0;
    request.setHeader('Host', target.authority);
    const fields = new Map<string, { name: string; values: string[] }>();
    for (const [name, value] of fieldPairs(outgoing.headers)) {
      const known = fields.get(name.toLowerCase());
      if (known === undefined) fields.set(name.toLowerCase(), { name, values: [value] });
      else known.values.push(value);
    }
    for (const { name, values } of fields.values())
      request.setHeader(name, values.length === 1 ? (values[0] as string) : values);
    return request;
  } catch (cause) {
    throw toHttpFailure(cause, 'exchanging');
  }
}

function connectTimeoutCode({ phase }: DialProgress): {
  readonly tag: 'DNS-timeout' | 'connection-limit-reached' | 'connection-timeout';
} {
  if (phase === 'resolving') return { tag: 'DNS-timeout' };
  return { tag: phase === 'waiting' ? 'connection-limit-reached' : 'connection-timeout' };
}

function guarded(operation: () => void, fail: (failure: HttpFailure) => void): void {
  try {
    operation();
  } catch (cause) {
    fail(toHttpFailure(cause, 'exchanging'));
  }
}
