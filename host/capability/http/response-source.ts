import type http from 'node:http';
import type { Clock } from '../../base/index.ts';
import { type HeaderList, HttpFailure, type IncomingBodySource } from '../../wasi/http/index.ts';
import { Wakers } from '../../wasi/index.ts';

export interface ResponseSourceOptions {
  readonly clock: Clock;
  /** ms that the guest waits for more bytes at most. */
  readonly betweenBytes: number;
  /** Ends the exchange. */
  readonly fail: (failure: HttpFailure) => void;
}

const NOTHING = new Uint8Array(0);

/** The body of a response, pulled from Node's client: what the guest does not read stays with the server. */
export class ResponseSource implements IncomingBodySource {
  readonly #response: http.IncomingMessage;
  readonly #options: ResponseSourceOptions;
  readonly #wakers = new Wakers();
  #waiters = 0;
  #failure: HttpFailure | undefined;
  /** When the guest began to wait for the bytes that have not come yet. */
  #waitingSince: bigint | undefined;
  #cancelTimeout: (() => void) | undefined;

  constructor(response: http.IncomingMessage, options: ResponseSourceOptions) {
    this.#response = response;
    this.#options = options;
    const wake = () => {
      this.#waitingSince = undefined;
      this.#rearm();
      this.#wakers.wake();
    };
    response.on('readable', wake);
    response.on('end', wake);
  }

  isReady(): boolean {
    return (
      this.#failure !== undefined || this.#response.readableLength > 0 || this.#response.complete
    );
  }

  subscribe(wake: () => void): () => void {
    const stop = this.#wakers.subscribe(wake);
    this.#waiters += 1;
    this.#rearm();
    let stopped = false;
    return () => {
      if (stopped) return;
      stopped = true;
      stop();
      this.#waiters -= 1;
      this.#rearm();
    };
  }

  read(max: number): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const response = this.#response;
    const there = Math.min(max, response.readableLength);
    const bytes = there > 0 ? (response.read(there) as Buffer | null) : null;
    if (bytes !== null) return bytes;
    // Asking for nothing makes the stream fetch more, or notice its end and free the connection.
    response.read(0);
    return response.complete && response.readableLength === 0 ? undefined : NOTHING;
  }

  trailers(): HeaderList | undefined {
    const { rawTrailers } = this.#response;
    return rawTrailers.length === 0 ? undefined : fieldList(rawTrailers);
  }

  close(): void {
    this.#stop();
    if (!this.#response.complete) this.#response.destroy();
    // What has arrived whole is thrown away here, so that the connection can serve again.
    else this.#response.resume();
  }

  /** The exchange broke off before the end of the body. Idempotent; the first failure stays. */
  end(failure: HttpFailure): void {
    this.#stop();
    if (this.#response.complete) return;
    this.#failure ??= failure;
    this.#wakers.wake();
  }

  /** Runs while somebody waits; polling in short steps must not put the end of the wait off. */
  #rearm(): void {
    this.#stop();
    if (this.#waiters === 0 || this.isReady()) return;
    const { clock, betweenBytes, fail } = this.#options;
    const now = clock.monotonic();
    this.#waitingSince ??= now;
    const waited = Number((now - this.#waitingSince) / 1_000_000n);
    this.#cancelTimeout = clock.after(Math.max(0, betweenBytes - waited), () => {
      this.#cancelTimeout = undefined;
      fail(new HttpFailure({ tag: 'connection-read-timeout' }));
    });
  }

  #stop(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = undefined;
  }
}

/** Node's flat list of names and values, whose characters are bytes. */
export function fieldList(raw: readonly string[]): HeaderList {
  const list: [string, Uint8Array][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2)
    list.push([raw[at] as string, Buffer.from(raw[at + 1] as string, 'latin1')]);
  return list;
}
