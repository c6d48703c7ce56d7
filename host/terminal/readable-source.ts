import type { Readable } from 'node:stream';
import { StreamFailure, Wakers, type ByteSource } from '../wasi/index.ts';

/** What a guest reads of a stream of this process. Nothing is read ahead of the first reader, and no more than Node buffers. */
export class ReadableSource implements ByteSource {
  readonly #open: () => Readable;
  readonly #wakers = new Wakers();
  #stream: Readable | undefined;
  #pending: Uint8Array | undefined;
  #ended = false;
  #failure: StreamFailure | undefined;
  #stopListening: () => void = () => {};

  constructor(open: () => Readable) {
    this.#open = open;
  }

  isReady(): boolean {
    return (
      this.#pending !== undefined ||
      this.#ended ||
      this.#failure !== undefined ||
      this.#listening().readableLength > 0
    );
  }

  subscribe(wake: () => void): () => void {
    this.#listening();
    return this.#wakers.subscribe(wake);
  }

  read(max: number): Uint8Array | undefined {
    const chunk = this.#pending ?? (this.#listening().read() as Uint8Array | null) ?? undefined;
    if (chunk === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      return this.#ended ? undefined : new Uint8Array(0);
    }
    this.#pending = chunk.length > max ? chunk.subarray(max) : undefined;
    return chunk.subarray(0, max);
  }

  close(): void {}

  /** The guest is gone: the stream keeps the process no longer. */
  end(): void {
    this.#stopListening();
    this.#stream?.destroy();
  }

  #listening(): Readable {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#open();
    this.#stream = stream;
    const readable = () => {
      // With nothing buffered this announces the end, and `end` comes only once somebody has read that far.
      if (stream.readableLength === 0) stream.read();
      this.#wakers.wake();
    };
    const ended = () => {
      this.#ended = true;
      this.#wakers.wake();
    };
    const failed = (cause: Error) => {
      this.#failure = new StreamFailure('io', 'io', 'standard input cannot be read', cause);
      this.#wakers.wake();
    };
    stream.on('readable', readable).on('end', ended).on('close', ended).on('error', failed);
    if (stream.readableEnded || stream.destroyed) this.#ended = true;
    this.#stopListening = () => {
      // The one for errors stays: what destroying reports concerns nobody, and unheard it would end the process.
      stream.off('readable', readable).off('end', ended).off('close', ended);
    };
    return stream;
  }
}
