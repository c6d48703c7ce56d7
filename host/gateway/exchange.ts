import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { PROBLEM_CONTENT_TYPE, problemOf, retryAfterOf } from '../base/index.ts';
import type { HttpExchange } from '../lanes/index.ts';
import type { HeaderList, HttpBodySink, IncomingRequestHead } from '../wasi/index.ts';
import { GatewayError } from './errors.ts';
import { guestHeaders, rawHeaders } from './headers.ts';
import { RequestBody } from './request-body.ts';
import { breakOff, ResponseBody } from './response-body.ts';

export interface ExchangeOptions {
  /** The host that was asked for; absent where HTTP/1.0 named none. */
  readonly authority: string | undefined;
  /** What the guest does not see of the path. */
  readonly prefix: string;
  /** Path and query as the guest sees them. */
  readonly pathWithQuery: string;
  /** Bytes and number of the request's header fields, all together. */
  readonly maxHeaderBytes: number;
  readonly maxHeaderCount: number;
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

  /** Throws `headers-too-large` (431), and `body-too-large` (413) when the declared length is over the limit. */
  constructor(incoming: IncomingMessage, outgoing: ServerResponse, options: ExchangeOptions) {
    const { authority, prefix, pathWithQuery, maxRequestBytes, expectsContinue } = options;
    checkHeaders(incoming.rawHeaders, options);
    if (Number(incoming.headers['content-length'] ?? 0) > maxRequestBytes)
      throw bodyTooLarge(maxRequestBytes);
    this.#outgoing = outgoing;
    this.remoteAddress = incoming.socket.remoteAddress;
    this.#options = options;
    this.#head = incoming.method === 'HEAD';
    this.request = {
      method: incoming.method ?? 'GET',
      scheme: 'http',
      authority,
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
    const empty = status === 204 || status === 205;
    // A guest may answer first and read later, and then nothing can be said any more to a client that waits to be asked.
    if (status < 300) this.body.wanted();
    const bodiless = this.#head || empty || status === 304;
    const sent = empty ? without('content-length', headers) : headers;
    outgoing.writeHead(
      status,
      rawHeaders(this.#chunked(bodiless, sent) ? sent : without('trailer', sent)),
    );
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
    return (
      !bodiless &&
      this.#outgoing.useChunkedEncodingByDefault &&
      !headers.some(([name]) => name.toLowerCase() === 'content-length')
    );
  }

  onAbandoned(gone: (reason?: Error) => void): () => void {
    const outgoing = this.#outgoing;
    const closed = () => {
      if (!outgoing.writableFinished) gone();
    };
    const { socket } = outgoing.req;
    if (outgoing.destroyed || socket.destroyed) closed();
    if (this.#tooLarge !== undefined) gone(this.#tooLarge);
    this.#gone = gone;
    outgoing.on('close', closed);
    // A response that waits for its turn in a pipeline has no socket yet, and hears nothing of its end.
    socket.on('close', closed);
    return () => {
      this.#gone = undefined;
      outgoing.off('close', closed);
      socket.off('close', closed);
    };
  }
}

/** Answers with problem details, or breaks a response off that has begun, so that nobody takes it for complete. */
export function sendProblem(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  error: unknown,
  traceId: string,
): void {
  if (outgoing.headersSent) {
    breakOff(outgoing);
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
  // Said, because a response that could not begin has left its own reason behind.
  outgoing.writeHead(problem.status, STATUS_CODES[problem.status] ?? '', headers.flat());
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

/** RFC 9112 section 6: these two say that a body follows. Before the parser has returned, every request is incomplete. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * `trailer` where there will be none, which Node refuses to announce; `content-length` where there will be no content,
 * whatever the guest writes (RFC 9110 sections 8.6 and 15.3.6).
 */
function without(dropped: string, headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name.toLowerCase() !== dropped);
}

/** RFC 6585 section 5. */
function checkHeaders(
  raw: readonly string[],
  { maxHeaderBytes, maxHeaderCount }: ExchangeOptions,
): void {
  const count = raw.length / 2;
  const bytes = raw.reduce((sum, text) => sum + text.length, 0);
  if (count <= maxHeaderCount && bytes <= maxHeaderBytes) return;
  const [limit, value, what] =
    count > maxHeaderCount
      ? (['headerCount', maxHeaderCount, 'header fields'] as const)
      : (['headers', maxHeaderBytes, 'bytes of headers'] as const);
  throw new GatewayError({
    code: 'headers-too-large',
    status: 431,
    message: `the request has more than the ${value} ${what} that the function takes`,
    fix: `send fewer or shorter headers, or raise limits.${limit}`,
    details: { limit, value },
  });
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
