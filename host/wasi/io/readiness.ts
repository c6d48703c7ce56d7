import type { WasiInstance } from '../instance.ts';

/**
 * Something a guest can wait for. Callbacks rather than promises: a guest polls the same thing
 * thousands of times, and every wait must leave nothing behind.
 */
export interface Readiness {
  isReady(): boolean;
  /**
   * Calls `wake` at some time after `isReady()` has turned true (spurious calls are allowed), until the
   * returned function is called. Starting to wait may start the work that is waited for (a timer, a read).
   */
  subscribe(wake: () => void): () => void;
}

/** A set of wakers, for whatever turns ready by an event. */
export class Wakers {
  readonly #wakers = new Set<() => void>();

  subscribe(wake: () => void): () => void {
    // One entry per subscription: the same function may wait twice, and stops each on its own.
    const waker = () => wake();
    this.#wakers.add(waker);
    return () => this.#wakers.delete(waker);
  }

  wake(): void {
    for (const waker of Array.from(this.#wakers)) waker();
  }
}

export const alwaysReady: Readiness = { isReady: () => true, subscribe: () => () => {} };

/** Resolves when one of `sources` is ready; rejects when the instance is ended. */
export function untilAnyReady(
  instance: WasiInstance,
  sources: readonly Readiness[],
): Promise<void> {
  if (instance.fault !== undefined) return Promise.reject(instance.fault);
  const late = sources.filter((source) => !source.isReady());
  if (late.length < sources.length) {
    // The others begin what they are waited for, or a guest that always has something else would never see them ready.
    for (const source of late) source.subscribe(() => {})();
    return instance.turn();
  }
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const stop = () => {
      for (const each of stops) each();
      stops.length = 0;
    };
    let settled = false;
    const wake = () => {
      if (settled || !sources.some((source) => source.isReady())) return;
      settled = true;
      stop();
      resolve();
    };
    stops.push(
      instance.onEnd((fault) => {
        settled = true;
        stop();
        reject(fault);
      }),
    );
    for (const source of sources) {
      if (settled) break;
      stops.push(source.subscribe(wake));
    }
    // Subscribing may itself have made a source ready, and woken us before its stop was known.
    wake();
    if (settled) stop();
  });
}

/** Resolves when `source` is ready; rejects when the instance is ended. */
export function untilReady(instance: WasiInstance, source: Readiness): Promise<void> {
  return untilAnyReady(instance, [source]);
}
