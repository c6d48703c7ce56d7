import type { Writable } from 'node:stream';
import { Wakers, type ByteSink } from '../wasi/index.ts';

/** Where a guest's output goes: a stream of this process, as it is, as fast as its reader takes it. */
export class WritableSink implements ByteSink {
  readonly #stream: Writable;
  readonly #wakers = new Wakers();
  readonly #wake = () => this.#wakers.wake();
  #unwritten = 0;
  #broken = false;
  readonly #failed = () => {
    // The reader has gone. The guest's next write tells it, as SIGPIPE would tell a program.
    this.#broken = true;
    this.#wakers.wake();
  };

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('drain', this.#wake).on('error', this.#failed).on('close', this.#failed);
  }

  isReady(): boolean {
    return this.permit() !== 0;
  }

  subscribe(wake: () => void): () => void {
    return this.#wakers.subscribe(wake);
  }

  permit(): number | undefined {
    const stream = this.#stream;
    if (this.#broken || !stream.writable) return undefined;
    return stream.writableNeedDrain ? 0 : Math.max(stream.writableHighWaterMark, 1);
  }

  write(bytes: Uint8Array): void {
    this.#unwritten += 1;
    this.#stream.write(bytes, () => {
      this.#unwritten -= 1;
      if (this.#unwritten === 0) this.#wakers.wake();
    });
  }

  /** Node hands on what it is given at once; there is nothing to hurry. */
  flush(): void {}

  close(): void {}

  /** Resolves when nothing that was written is left to hand on, or nobody takes it any more. The stream stays open. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      const settled = () => {
        if (this.#unwritten > 0 && !this.#broken) return;
        stop();
        resolve();
      };
      const stop = this.#wakers.subscribe(settled);
      settled();
    });
    // The one for errors stays: a failure after the last write concerns nobody, and unheard it would end the process.
    this.#stream.off('drain', this.#wake).off('close', this.#failed);
  }
}
