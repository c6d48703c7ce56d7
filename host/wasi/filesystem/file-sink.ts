import { StreamFailure, Wakers, type ByteSink } from '../io/index.ts';
import { streamFailure } from './errno.ts';

/** Bytes that a guest may write ahead of the disk. */
const AHEAD = 64 * 1024;

/** Bytes on their way into a file: taken at once, written in order behind the guest's back, failures told at the next call. */
export class FileSink implements ByteSink {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #done: () => void;
  readonly #wakers = new Wakers();
  #queue: Uint8Array[] = [];
  #queued = 0;
  #writing = false;
  #flushing = false;
  #failure: unknown;
  #told = false;
  #closed = false;

  /** `write` writes all it is given; `done` is called once, when the sink is closed and nothing is left to write. */
  constructor(write: (bytes: Uint8Array) => Promise<void>, done: () => void) {
    this.#write = write;
    this.#done = done;
  }

  isReady(): boolean {
    return this.#failure !== undefined || (!this.#flushing && this.#queued < AHEAD);
  }

  subscribe(wake: () => void): () => void {
    return this.#wakers.subscribe(wake);
  }

  permit(): number | undefined {
    if (this.#failure !== undefined) {
      if (this.#told) return undefined;
      this.#told = true;
      throw this.#failure;
    }
    return this.#flushing ? 0 : AHEAD - this.#queued;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#failure !== undefined) return;
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (!this.#writing) void this.#drain();
  }

  flush(): void {
    this.#flushing = this.#queued > 0 && this.#failure === undefined;
  }

  /** What was taken is still written: the guest was told that it was. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#writing) this.#done();
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const batch = this.#queue;
      this.#queue = [];
      const bytes = batch.length === 1 && batch[0] !== undefined ? batch[0] : Buffer.concat(batch);
      try {
        await this.#write(bytes);
        this.#queued -= bytes.length;
      } catch (thrown) {
        this.#fail(thrown);
      }
      if (this.#queued === 0) this.#flushing = false;
      this.#wakers.wake();
    }
    this.#writing = false;
    if (this.#closed) this.#done();
  }

  #fail(thrown: unknown): void {
    const mapped = streamFailure(thrown);
    this.#failure = mapped instanceof StreamFailure ? mapped : thrown;
    this.#queue = [];
    this.#queued = 0;
    this.#flushing = false;
  }
}
