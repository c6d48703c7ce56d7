import type { IncomingMessage, ServerResponse } from 'node:http';
import { PROBLEM_CONTENT_TYPE, problemOf, retryAfterOf } from '../base/index.ts';
import type { HttpExchange } from '../lanes/index.ts';
import type { HeaderList, HttpBodySink, IncomingRequestHead } from '../wasi/index.ts';
import { GatewayError } from './errors.ts';
import { guestHeaders, rawHeaders } from './headers.ts';
import { RequestBody } from './request-body.ts';
import { ResponseBody } from './response-body.ts';

export interface ExchangeOptions {
  /** What the guest does not see of the path. */
  readonly prefix: string;
  /** Path and query as the guest sees them. */
  readonly pathWithQuery: string;
  /** Bytes of the request's and of the response's body. */
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

/** One request on a Node server, as a lane sees it. */
export class NodeExchange implements HttpExchange {
  readonly request: IncomingRequestHead;
  readonly body: RequestBody;
  readonly remoteAddress: string | undefined;
  readonly #outgoing: ServerResponse;
  readonly #options: ExchangeOptions;
  readonly #head: boolean;
  #gone: ((reason?: Error) => void) | undefined;
  #tooLarge: Error | undefined;

  /** Throws `body-too-large` (413) when the declared length is over the limit. */
  constructor(incoming: IncomingMessage, outgoing: ServerResponse, options: ExchangeOptions) {
    const { prefix, pathWithQuery, maxRequestBytes, expectsContinue } = options;
    if (Number(incoming.headers['content-length'] ?? 0) > maxRequestBytes) throw bodyTooLarge(maxRequestBytes);
    this.#outgoing = outgoing;
    this.remoteAddress = incoming.socket.remoteAddress;
    this.#options = options;
    this.#head = incoming.method === 'HEAD';
    this.request = {
      method: incoming.method ?? 'GET',
      scheme: 'http',
      authority: incoming.headers.host,
      pathWithQuery,
      get headers() {
        return guestHeaders(incoming.rawHeaders, prefix);
      },
    };
    this.body = new RequestBody(incoming, {
      maxBytes: maxRequestBytes,
      wanted: () => {
        if (expectsContinue && !outgoing.headersSent) outgoing.writeContinue();
      },
      tooLarge: () => {
        this.#tooLarge = bodyTooLarge(maxRequestBytes);
        this.#gone?.(this.#tooLarge);
      },
    });
  }

  respond(status: number, headers: HeaderList): HttpBodySink {
    const outgoing = this.#outgoing;
    const bodiless = this.#head || status === 204 || status === 304;
    outgoing.writeHead(status, rawHeaders(this.#chunked(bodiless, headers) ? headers : withoutTrailer(headers)));
    // Head and first bytes leave in one packet; a head whose body is still to come does not wait for it.
    outgoing.cork();
    process.nextTick(() => {
      if (!outgoing.writableEnded && !outgoing.destroyed) outgoing.flushHeaders();
      outgoing.uncork();
    });
    return new ResponseBody(outgoing, { maxBytes: this.#options.maxResponseBytes, bodiless });
  }

  /** Whether the body will be in chunks, and so may have trailers. */
  #chunked(bodiless: boolean, headers: HeaderList): boolean {
    return !bodiless && this.#outgoing.useChunkedEncodingByDefault && !headers.some(([name]) => name.toLowerCase() === 'content-length');
  }

  onAbandoned(gone: (reason?: Error) => void): () => void {
    const outgoing = this.#outgoing;
    const closed = () => {
      if (!outgoing.writableFinished) gone();
    };
    if (outgoing.destroyed) closed();
    if (this.#tooLarge !== undefined) gone(this.#tooLarge);
    this.#gone = gone;
    outgoing.on('close', closed);
    return () => {
      this.#gone = undefined;
      outgoing.off('close', closed);
    };
  }
}

/** Answers with problem details, or breaks a response off that has begun, so that nobody takes it for complete. */
export function sendProblem(incoming: IncomingMessage, outgoing: ServerResponse, error: unknown, traceId: string): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const problem = problemOf(error);
  const body = Buffer.from(JSON.stringify({ ...problem, trace_id: traceId }));
  const headers: [string, string][] = [
    ['content-type', PROBLEM_CONTENT_TYPE],
    ['content-length', String(body.length)],
  ];
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== undefined) headers.push(['retry-after', String(retryAfter)]);
  if (Array.isArray(problem['allow'])) headers.push(['allow', problem['allow'].join(', ')]);
  // What is left of the request's body will not be read.
  if (!incoming.complete && hasBody(incoming)) headers.push(['connection', 'close']);
  outgoing.writeHead(problem.status, headers.flat());
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

/** RFC 9112 section 6: these two say that a body follows. Before the parser has returned, every request is incomplete. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Node refuses to announce trailers where there will be none. */
function withoutTrailer(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name.toLowerCase() !== 'trailer');
}

function bodyTooLarge(limit: number): GatewayError {
  return new GatewayError({
    code: 'body-too-large',
    status: 413,
    message: `the request's body is larger than the ${limit} bytes that the function takes`,
    fix: 'send less, or raise limits.body',
    details: { limit: 'body', value: limit },
  });
}
