import { TrafficError } from './errors.ts';

/** Lets a few pieces of work run at once, keeps a bounded line of others waiting, and turns the rest away. */
export class Gate {
  readonly #atOnce: number;
  readonly #waiting: number;
  readonly #line: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, waiting: number) {
    this.#atOnce = atOnce;
    this.#waiting = waiting;
  }

  /** Throws `deployments-busy` (503) when the line is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#line.length >= this.#waiting) throw tooBusy();
      await new Promise<void>((resolve) => this.#line.push(resolve));
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#line.shift()?.();
    }
  }
}

function tooBusy(): TrafficError {
  return new TrafficError({
    code: 'deployments-busy',
    status: 503,
    message: 'too many modules are being prepared at once',
    fix: 'try again after the time in Retry-After',
    details: { retryAfter: 5 },
  });
}
