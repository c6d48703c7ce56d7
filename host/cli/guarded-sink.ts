import type { TextSink } from './dependencies.ts';

/**
 * A stream whose reader may go away: after `selvedge list | head -1` has read its line, every
 * further write fails with EPIPE, which nobody wants to hear of. What is written from then on is
 * dropped, and {@link closed} tells commands that it is.
 */
export class GuardedSink implements TextSink {
  readonly isTTY: boolean | undefined;
  readonly #stream: TextSink;
  #error: Error | undefined;

  constructor(stream: TextSink) {
    this.#stream = stream;
    this.isTTY = stream.isTTY;
    stream.on?.('error', (error) => {
      this.#error ??= error;
    });
  }

  /** Whether nothing that is written arrives any more. */
  get closed(): boolean {
    return this.#error !== undefined;
  }

  /** What else than a reader that has gone ended the stream, such as a full disk. */
  get failure(): Error | undefined {
    const error = this.#error;
    return error !== undefined && 'code' in error && error.code === 'EPIPE' ? undefined : error;
  }

  write(chunk: string | Uint8Array): unknown {
    return this.closed ? false : this.#stream.write(chunk);
  }
}
