import type { Clock } from '../base/index.ts';
import { GuestFault, overLimit } from './errors.ts';
import type { HostResource } from './resource.ts';

/** What the WASI host holds one instance to. Counts, or bytes where it says so. */
export interface WasiLimits {
  /** Live resources of the WASI host. */
  readonly handles: number;
  /** Open file descriptors. */
  readonly files: number;
  /** Bytes of one block of header or trailer fields. */
  readonly headers: number;
  /** Fields in one block. */
  readonly headerCount: number;
  /** Bytes that one host call may allocate or move on the guest's word. */
  readonly copy: number;
  /** Outgoing requests. */
  readonly subrequests: number;
}

/** Something a guest asked for at run time that its grants do not cover; becomes one log line. */
export interface Denial {
  readonly capability: string;
  readonly what: string;
  readonly fix: string;
}

export interface WasiInstanceOptions {
  readonly limits: WasiLimits;
  readonly clock: Clock;
  readonly denied: (denial: Denial) => void;
}

/** Calls that did not wait, after which other events get their turn. */
const CALLS_PER_TURN = 32;

/**
 * All host state that belongs to one guest instance: its live resources, what it waits for,
 * and whether it has been ended. Nothing in the WASI host outlives or is shared beyond it.
 */
export class WasiInstance {
  readonly limits: WasiLimits;
  readonly clock: Clock;
  readonly denied: (denial: Denial) => void;
  readonly #live = new Set<HostResource>();
  readonly #endings = new Set<(fault: Error) => void>();
  #fault: Error | undefined;
  #turns = 0;

  constructor(options: WasiInstanceOptions) {
    this.limits = options.limits;
    this.clock = options.clock;
    this.denied = options.denied;
  }

  /** Why the instance was ended; `undefined` while it may run. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Live resources, for limits, leak reports and tests. */
  get handles(): number {
    return this.#live.size;
  }

  /** Throws what ended the instance, so that no host function does work for a guest that was ended. */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Counts a new resource. Throws `limit-exceeded` when the guest holds too many. */
  hold(resource: HostResource): void {
    this.check();
    if (this.#live.size >= this.limits.handles)
      throw overLimit('handles', this.limits.handles, 'live resources');
    this.#live.add(resource);
  }

  release(resource: HostResource): void {
    this.#live.delete(resource);
  }

  /** Calls `ending` when the instance is ended; returns how to stop listening. */
  onEnd(ending: (fault: Error) => void): () => void {
    if (this.#fault !== undefined) {
      ending(this.#fault);
      return () => {};
    }
    this.#endings.add(ending);
    return () => this.#endings.delete(ending);
  }

  /** `work`, or a rejection as soon as the instance is ended: no guest waits for what nobody needs. */
  wait<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const stop = this.onEnd(reject);
      work.then(resolve, reject).finally(stop);
    });
  }

  /**
   * For host functions that may wait and need not: resolves at once, and every so often only after other events had
   * their turn. Without it a guest that polls what is always ready would keep timers, its deadline among them, from firing.
   */
  turn(): Promise<void> {
    this.#turns += 1;
    if (this.#turns % CALLS_PER_TURN !== 0) return Promise.resolve();
    return new Promise((resolve) => setImmediate(resolve));
  }

  /**
   * Ends the instance: everything it waits for rejects with `fault`, and all its resources
   * (descriptors, sockets, timers, bodies) are disposed of. Idempotent; the first fault stays.
   */
  end(
    fault: Error = new GuestFault({
      code: 'instance-ended',
      status: 500,
      message: 'the instance has ended',
    }),
  ): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    const endings = [...this.#endings];
    this.#endings.clear();
    for (const ending of endings) ending(fault);
    const live = [...this.#live];
    this.#live.clear();
    for (const resource of live) resource[Symbol.dispose]();
  }
}
