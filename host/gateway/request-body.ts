import type { IncomingMessage } from 'node:http';
import { HttpFailure, Wakers, type HeaderList, type IncomingBodySource } from '../wasi/index.ts';
import { headerList } from './headers.ts';

export interface RequestBodyOptions {
  /** Most bytes; one more ends the request. */
  readonly maxBytes: number;
  /** Called once, when the body turns out to be larger. */
  readonly tooLarge: () => void;
  /** Called once, when the guest means to read: the time for `100 Continue` (RFC 9110 section 10.1.1). */
  readonly wanted: () => void;
}

/** The body of a request as it arrives: nothing is read from the socket before the guest asks. */
export class RequestBody implements IncomingBodySource {
  readonly #incoming: IncomingMessage;
  readonly #options: RequestBodyOptions;
  readonly #wakers = new Wakers();
  #pending: Buffer | undefined;
  #received = 0;
  #ended = false;
  #failure: HttpFailure | undefined;
  #listening = false;
  #wanted = false;

  constructor(incoming: IncomingMessage, options: RequestBodyOptions) {
    this.#incoming = incoming;
    this.#options = options;
  }

  isReady(): boolean {
    this.#listen();
    return this.#pending !== undefined || this.#settled || this.#incoming.readableLength > 0;
  }

  subscribe(wake: () => void): () => void {
    this.#listen();
    return this.#wakers.subscribe(wake);
  }

  read(max: number): Uint8Array | undefined {
    this.#listen();
    const chunk = this.#pending ?? this.#pull();
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return this.#ended ? undefined : new Uint8Array(0);
    }
    const part = chunk.length <= max ? chunk : chunk.subarray(0, max);
    this.#pending = part === chunk ? undefined : chunk.subarray(max);
    return part;
  }

  /** Somebody will read it, now or later. */
  wanted(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#options.wanted();
  }

  trailers(): HeaderList | undefined {
    const raw = this.#incoming.rawTrailers;
    return raw.length === 0 ? undefined : headerList(raw);
  }

  close(): void {
    this.#pending = undefined;
  }

  get #settled(): boolean {
    return this.#ended || this.#failure !== undefined;
  }

  #pull(): Buffer | undefined {
    const chunk = this.#incoming.read() as Buffer | null;
    if (chunk === null) return undefined;
    this.#received += chunk.length;
    if (this.#received > this.#options.maxBytes && this.#failure === undefined) {
      this.#failure = new HttpFailure({
        tag: 'HTTP-request-body-size',
        val: BigInt(this.#received),
      });
      this.#options.tooLarge();
      return undefined;
    }
    return chunk;
  }

  /** Listening for `readable` starts the flow from the socket into Node's buffer, and so waits for the first reader. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.wanted();
    const incoming = this.#incoming;
    if (incoming.readableEnded) {
      this.#ended = true;
      return;
    }
    const wake = () => this.#wakers.wake();
    const failed = (cause?: Error) => {
      if (this.#settled) return;
      this.#failure = new HttpFailure(
        { tag: 'connection-terminated' },
        'the client left within the body',
        cause,
      );
      wake();
    };
    incoming.on('readable', () => {
      // With nothing buffered this announces the end, and `end` comes only once somebody has read that far.
      if (incoming.readableLength === 0) incoming.read();
      wake();
    });
    incoming.on('end', () => {
      this.#ended = true;
      wake();
    });
    incoming.on('error', failed);
    incoming.on('close', () => failed());
    if (incoming.destroyed) failed();
  }
}
