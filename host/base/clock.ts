/** Time, passed in everywhere so that tests can fake it. */
export interface Clock {
  /** Nanoseconds since an arbitrary start; never goes back. */
  monotonic(): bigint;
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  wall(): bigint;
  /**
   * Calls `wake` once after `ms` milliseconds (any length) on the monotonic clock.
   * Returns the cancellation. A pending timer does not keep the process alive.
   */
  after(ms: number, wake: () => void): () => void;
}

/** The longest delay that `setTimeout` takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function systemClock(): Clock {
  const wallOrigin = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
  const hrOrigin = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1e6));
  let skew = 0n;
  return {
    monotonic: () => process.hrtime.bigint(),
    wall() {
      // The anchored high-resolution clock gives the digits below a millisecond; the system clock decides when it was set anew.
      const fine = wallOrigin + (process.hrtime.bigint() - hrOrigin) + skew;
      const coarse = BigInt(Date.now()) * 1_000_000n;
      const apart = coarse - fine;
      if (apart > 5_000_000n || apart < -5_000_000n) {
        skew += apart;
        return coarse;
      }
      return fine;
    },
    after(ms, wake) {
      const due = performance.now() + ms;
      let timer: NodeJS.Timeout;
      const arm = (left: number) => {
        timer = setTimeout(
          () => {
            const rest = due - performance.now();
            if (rest > 0.5) arm(rest);
            else wake();
          },
          Math.min(Math.max(left, 0), MAX_TIMER_MS),
        );
        timer.unref();
      };
      arm(ms);
      return () => clearTimeout(timer);
    },
  };
}
