import type { Clock } from '../../base/index.ts';
import { AdminError } from '../errors.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** The whole upload, milliseconds. */
  readonly timeoutMs: number;
  /** Least bytes per second, measured over each window. */
  readonly minBytesPerSecond: number;
  readonly windowMs: number;
}

/** Ends an upload that takes too long, or that trickles: neither may hold a connection and a staging file for long. */
export class Pace implements Disposable {
  readonly #abort = new AbortController();
  readonly #options: PaceOptions;
  readonly #stopDeadline: () => void;
  #stopWindow: () => void;
  #inWindow = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#stopDeadline = options.clock.after(options.timeoutMs, () =>
      this.#end('was not whole in time'),
    );
    this.#stopWindow = this.#watch();
  }

  /** Aborted with an `AdminError` `upload-timeout` (408). */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Tells of bytes that have arrived. */
  received(bytes: number): void {
    this.#inWindow += bytes;
  }

  #watch(): () => void {
    const { clock, windowMs, minBytesPerSecond } = this.#options;
    return clock.after(windowMs, () => {
      if (this.#inWindow < (minBytesPerSecond * windowMs) / 1000)
        return this.#end('arrives too slowly');
      this.#inWindow = 0;
      this.#stopWindow = this.#watch();
    });
  }

  #end(what: string): void {
    const { timeoutMs, minBytesPerSecond } = this.#options;
    const error = new AdminError({
      code: 'upload-timeout',
      status: 408,
      message: `the upload ${what}`,
      fix: `send at least ${minBytesPerSecond} bytes per second, and all of it within ${timeoutMs / 1000} seconds`,
    });
    this[Symbol.dispose]();
    this.#abort.abort(error);
  }

  [Symbol.dispose](): void {
    this.#stopDeadline();
    this.#stopWindow();
  }
}
