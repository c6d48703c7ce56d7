import type { WasiInstance } from '../instance.ts';
import { Pollable, type Readiness } from '../io/index.ts';

/** A point in time as `wasi:clocks/wall-clock.datetime`. */
export interface Datetime {
  readonly seconds: bigint;
  /** Below 1,000,000,000. */
  readonly nanoseconds: number;
}

const NANOSECONDS = 1_000_000_000n;

export function datetime(nanoseconds: bigint): Datetime {
  return { seconds: nanoseconds / NANOSECONDS, nanoseconds: Number(nanoseconds % NANOSECONDS) };
}

/** The clocks of one instance, no finer than `resolution` nanoseconds. */
export class Clocks {
  readonly resolution: bigint;
  readonly #instance: WasiInstance;

  constructor(instance: WasiInstance, resolution: bigint) {
    if (resolution < 1n) throw new RangeError('a clock resolves at least one nanosecond');
    this.#instance = instance;
    this.resolution = resolution;
  }

  monotonic(): bigint {
    return this.#coarse(this.#instance.clock.monotonic());
  }

  wall(): bigint {
    return this.#coarse(this.#instance.clock.wall());
  }

  /** Ready once `monotonic()` gives `when`: no timer tells more than the clock does, and nobody wakes to find it early. */
  atInstant(when: bigint): Pollable {
    return new Pollable(this.#instance, this.untilInstant(when));
  }

  /** Counted from the exact time, so that never less than `duration` passes. */
  afterDuration(duration: bigint): Pollable {
    return this.atInstant(this.#instance.clock.monotonic() + duration);
  }

  /** A timer runs only while somebody waits, so one that nobody waits for costs nothing. */
  untilInstant(when: bigint): Readiness {
    const { clock } = this.#instance;
    const isReady = () => this.monotonic() >= when;
    // `monotonic()` reaches `when` with the tick that is not before it.
    const due = ((when + this.resolution - 1n) / this.resolution) * this.resolution;
    return {
      isReady,
      subscribe: (wake) => {
        let cancel: (() => void) | undefined;
        const arm = () => {
          // Timers may fire a little early; a delay of no milliseconds still goes through the clock.
          if (isReady()) return wake();
          cancel = clock.after(Number((due - clock.monotonic() + 999_999n) / 1_000_000n), arm);
        };
        arm();
        return () => cancel?.();
      },
    };
  }

  #coarse(nanoseconds: bigint): bigint {
    return nanoseconds - (nanoseconds % this.resolution);
  }
}
