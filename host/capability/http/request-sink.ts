import type http from 'node:http';
import type { Clock } from '../../base/index.ts';
import { type HeaderList, type HttpBodySink, HttpFailure } from '../../wasi/http/index.ts';
import { Wakers } from '../../wasi/index.ts';

export interface RequestSinkOptions {
  readonly clock: Clock;
  /** ms for which a server may take none of the bytes that wait for it. */
  readonly stall: number;
  /** Whether a request without a byte of body must still say that it has none. */
  readonly anticipatesBody: boolean;
  /** Ends the exchange. */
  readonly fail: (failure: HttpFailure) => void;
  /** Everything has been handed to the connection. */
  readonly sent: () => void;
}

/** The body of a request on its way into Node's client, which holds at most its high-water mark of it. */
export class RequestSink implements HttpBodySink {
  readonly #request: http.ClientRequest;
  readonly #options: RequestSinkOptions;
  readonly #wakers = new Wakers();
  #failure: HttpFailure | undefined;
  #closed = false;
  #inFlight = 0;
  #flushing = false;
  #written = false;
  #cancelStall: (() => void) | undefined;

  constructor(request: http.ClientRequest, options: RequestSinkOptions) {
    this.#request = request;
    this.#options = options;
    request.on('drain', () => this.#wakers.wake());
  }

  isReady(): boolean {
    return this.#failure !== undefined || this.#closed || this.#room() > 0;
  }

  subscribe(wake: () => void): () => void {
    return this.#wakers.subscribe(wake);
  }

  permit(): number | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#closed ? undefined : this.#room();
  }

  write(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    // Node takes an empty chunk for nothing and may never call back.
    if (bytes.length === 0) return;
    this.#written = true;
    this.#inFlight += 1;
    this.#request.write(bytes, () => this.#taken());
    this.#watch();
  }

  flush(): void {
    if (this.#inFlight > 0) this.#flushing = true;
  }

  finish(trailers: HeaderList | undefined): void {
    if (this.#closed || this.#failure !== undefined) return;
    this.#closed = true;
    try {
      // Before the head has gone, Node would take an empty body for none at all, and drop the trailers with it.
      if (trailers !== undefined) {
        this.#request.flushHeaders();
        this.#request.addTrailers(fieldPairs(trailers));
      } else if (!this.#written)
        this.#request.useChunkedEncodingByDefault = this.#options.anticipatesBody;
      this.#request.end(() => this.#options.sent());
    } catch (cause) {
      // A header that promises trailers for a body of fixed length, which HTTP/1.1 cannot carry.
      this.#options.fail(
        new HttpFailure({ tag: 'HTTP-protocol-error' }, 'HTTP-protocol-error', cause),
      );
    }
    this.#wakers.wake();
  }

  abort(failure: HttpFailure): void {
    this.#options.fail(failure);
  }

  /** The exchange has ended: nothing more is taken. Idempotent; the first failure stays. */
  end(failure: HttpFailure | undefined): void {
    this.#stopWatching();
    this.#closed = true;
    this.#failure ??= failure;
    this.#wakers.wake();
  }

  #room(): number {
    if (this.#flushing) return 0;
    return Math.max(0, this.#request.writableHighWaterMark - this.#request.writableLength);
  }

  #taken(): void {
    this.#inFlight -= 1;
    this.#stopWatching();
    if (this.#inFlight > 0) this.#watch();
    else this.#flushing = false;
    this.#wakers.wake();
  }

  /** Only a connection can stall; while there is none, the time to connect is what is limited. */
  #watch(): void {
    if (this.#cancelStall !== undefined || this.#closed) return;
    this.#cancelStall = this.#options.clock.after(this.#options.stall, () => {
      this.#cancelStall = undefined;
      if (this.#request.socket?.connecting === false)
        this.#options.fail(new HttpFailure({ tag: 'connection-write-timeout' }));
      else this.#watch();
    });
  }

  #stopWatching(): void {
    this.#cancelStall?.();
    this.#cancelStall = undefined;
  }
}

const latin1 = new TextDecoder('latin1');

/** As Node's client takes fields: text whose characters are the bytes. */
export function fieldPairs(list: HeaderList): [string, string][] {
  return list.map(([name, value]) => [name, bytesAsText(value)]);
}

/** `TextDecoder('latin1')` is windows-1252, which gives other characters to 0x80–0x9f; those go through Buffer. */
function bytesAsText(value: Uint8Array): string {
  return value.some((byte) => byte >= 0x80 && byte <= 0x9f)
    ? Buffer.from(value).toString('latin1')
    : latin1.decode(value);
}
