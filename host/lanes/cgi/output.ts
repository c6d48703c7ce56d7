import { HttpFailure, type ByteSink, type HttpBodySink } from '../../wasi/index.ts';
import { LaneError } from '../errors.ts';
import type { HttpExchange } from '../http-exchange.ts';
import { badResponse, parseCgiHead } from './head.ts';

export interface CgiLimits {
  /** Bytes of the header. */
  readonly headers: number;
  readonly headerCount: number;
}

/** Bytes that a program may write at once while its header is not complete. */
const PERMIT = 64 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The standard output of a run: the header of the response first, then its body, as fast as the client takes it. */
export class CgiOutput implements ByteSink {
  readonly #exchange: HttpExchange;
  readonly #limits: CgiLimits;
  #head: Uint8Array | undefined = new Uint8Array(1024);
  #length = 0;
  #sink: HttpBodySink | undefined;
  /** Bytes of the body still to come, where the header says how many there are. */
  #left: number | undefined;
  #failure: Error | undefined;

  constructor(exchange: HttpExchange, limits: CgiLimits) {
    this.#exchange = exchange;
    this.#limits = limits;
  }

  isReady(): boolean {
    return this.#failure !== undefined || this.#sink === undefined || this.#sink.isReady();
  }

  subscribe(wake: () => void): () => void {
    // Without a sink it is always ready, so nobody waits.
    return this.#sink?.subscribe(wake) ?? (() => {});
  }

  permit(): number | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#sink === undefined ? PERMIT : this.#sink.permit();
  }

  write(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      if (this.#sink === undefined) this.#writeHead(bytes);
      else this.#writeBody(this.#sink, bytes);
    } catch (thrown) {
      this.#failure = thrown as Error;
      throw thrown;
    }
  }

  flush(): void {
    this.#sink?.flush();
  }

  /** The program dropped its handle of the stream, which it may ask for again: its end is the end of the run. */
  close(): void {}

  /** The run is over, and it succeeded. Throws `LaneError` when what it wrote is no whole response. */
  finish(): void {
    const failure = this.#failure ?? this.#incomplete();
    if (failure !== undefined) throw this.fail(failure);
    this.#sink?.finish(undefined);
  }

  /** The run failed: breaks off a response that has begun. Gives the reason, which is what went wrong first. */
  fail(reason: Error): Error {
    this.#sink?.abort(new HttpFailure({ tag: 'connection-terminated' }));
    return this.#failure instanceof LaneError ? this.#failure : reason;
  }

  #incomplete(): Error | undefined {
    if (this.#left !== undefined && this.#left > 0) return unfinished(this.#left);
    if (this.#sink !== undefined) return undefined;
    return this.#length === 0
      ? noResponse()
      : badResponse('its header is not ended by an empty line');
  }

  #writeHead(bytes: Uint8Array): void {
    const before = this.#length;
    const part = bytes.subarray(0, this.#limits.headers + 1 - before);
    const head = this.#room(before + part.length);
    head.set(part, before);
    this.#length = before + part.length;
    const end = endOfHead(head, Math.max(before - 3, 0), this.#length);
    if (end === undefined) {
      if (this.#length > this.#limits.headers)
        throw badResponse(
          `its header is longer than the ${this.#limits.headers} bytes of limits.headers`,
        );
      return;
    }
    const text = Buffer.from(head.buffer, 0, end.length).toString('latin1');
    const { status, headers, contentLength } = parseCgiHead(text, this.#limits.headerCount);
    this.#head = undefined;
    this.#left =
      this.#exchange.request.method === 'HEAD' || status === 304 ? undefined : contentLength;
    this.#sink = this.#exchange.respond(status, headers);
    const rest = bytes.subarray(end.next - before);
    if (rest.length > 0) this.#writeBody(this.#sink, rest);
  }

  #writeBody(sink: HttpBodySink, bytes: Uint8Array): void {
    if (this.#left !== undefined) {
      if (bytes.length > this.#left)
        throw badResponse('its body is longer than its Content-Length');
      this.#left -= bytes.length;
    }
    sink.write(bytes);
  }

  /** The buffer of the header, with room for `length` bytes, grown by doubling: programs may write byte by byte. */
  #room(length: number): Uint8Array {
    const head = this.#head ?? new Uint8Array(0);
    if (length <= head.length) return head;
    const grown = new Uint8Array(Math.max(length, head.length * 2));
    grown.set(head.subarray(0, this.#length));
    this.#head = grown;
    return grown;
  }
}

/** Where the first empty line begins and what follows it; lines end in LF or CR LF (RFC 3875 section 7.2). */
function endOfHead(
  head: Uint8Array,
  from: number,
  length: number,
): { length: number; next: number } | undefined {
  for (
    let at = head.indexOf(LINE_FEED, from);
    at !== -1 && at < length;
    at = head.indexOf(LINE_FEED, at + 1)
  ) {
    const line = at > 0 && head[at - 1] === CARRIAGE_RETURN ? at - 1 : at;
    // An empty first line: there is no header at all.
    if (line === 0) return { length: 0, next: at + 1 };
    if (head[line - 1] !== LINE_FEED) continue;
    const previous = line - 1;
    return {
      length: previous > 0 && head[previous - 1] === CARRIAGE_RETURN ? previous - 1 : previous,
      next: at + 1,
    };
  }
  return undefined;
}

function noResponse(): LaneError {
  return new LaneError({
    code: 'guest-no-response',
    status: 500,
    message: 'the command ended without writing a response',
    fix: 'write "Content-Type: text/plain", an empty line and the body to standard output',
  });
}

function unfinished(left: number): LaneError {
  return new LaneError({
    code: 'guest-response-unfinished',
    status: 500,
    message: `the command ended ${left} bytes short of its Content-Length`,
  });
}
