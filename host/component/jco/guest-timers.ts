type Callback = (...args: unknown[]) => unknown;

const FALLBACK_MS = 10;

/**
 * The timers of one instance of jco's output, which polls: its scheduler looks every 10 ms whether a guest can go
 * on, and each host read every 1 ms whether the guest has written. Here all of that looks again as soon as anything
 * has happened in the instance, and seldom otherwise. It ends with the instance, as some of it would never end else.
 */
export class GuestTimers {
  readonly #fallbackMs: number;
  readonly #polls = new Map<object, () => void>();
  readonly #pending = new Map<object, () => void>();
  #fallback: NodeJS.Timeout | undefined;
  #wake: NodeJS.Immediate | undefined;
  #stopped = false;

  /** How often what polls looks again where no progress woke it. Milliseconds. */
  constructor(fallbackMs: number = FALLBACK_MS) {
    this.#fallbackMs = fallbackMs;
  }

  readonly setInterval = (callback: Callback): object => {
    const id = {};
    if (this.#stopped) return id;
    this.#polls.set(id, callback);
    this.#fallback ??= setInterval(() => this.#look(), this.#fallbackMs);
    return id;
  };

  readonly clearInterval = (id: object): void => {
    if (!this.#polls.delete(id) || this.#polls.size > 0) return;
    clearInterval(this.#fallback);
    this.#fallback = undefined;
  };

  /** No delay means the next turn; any other delay is one between two looks. */
  readonly setTimeout = (callback: Callback, delay = 0): object => {
    const id = {};
    if (this.#stopped) return id;
    const run = () => {
      this.#cancel(id);
      callback();
    };
    if (delay <= 0) {
      const immediate = setImmediate(run);
      this.#pending.set(id, () => clearImmediate(immediate));
      return id;
    }
    const timeout = setTimeout(run, delay);
    this.#pending.set(id, () => {
      clearTimeout(timeout);
      this.#polls.delete(id);
    });
    this.#polls.set(id, run);
    return id;
  };

  readonly clearTimeout = (id: object): void => this.#cancel(id);

  /** Something has happened for which a poll may be waiting. */
  readonly progressed = (): void => {
    if (this.#stopped || this.#wake !== undefined) return;
    this.#wake = setImmediate(() => this.#look());
  };

  stop(): void {
    this.#stopped = true;
    for (const id of Array.from(this.#pending.keys())) this.#cancel(id);
    this.#polls.clear();
    clearInterval(this.#fallback);
    this.#fallback = undefined;
    if (this.#wake !== undefined) clearImmediate(this.#wake);
  }

  #look(): void {
    this.#wake = undefined;
    // What begins to poll in here waits for the next time.
    for (const poll of Array.from(this.#polls.values())) poll();
  }

  #cancel(id: object): void {
    const cancel = this.#pending.get(id);
    this.#pending.delete(id);
    cancel?.();
  }
}
