import type { WasiInstance } from '../instance.ts';
import { Clocks, type Datetime, datetime } from './clocks.ts';

export interface ClocksOptions {
  /** Nanoseconds, at least 1: what both clocks, and timers, are rounded to. */
  readonly resolution: bigint;
}

/** `wasi:clocks` 0.2 for one instance, on its clock. There is no time zone but UTC. */
export function clocksP2(instance: WasiInstance, options: ClocksOptions) {
  const clocks = new Clocks(instance, options.resolution);
  return {
    'wasi:clocks/monotonic-clock': {
      now: () => clocks.monotonic(),
      resolution: () => clocks.resolution,
      subscribeInstant: (when: bigint) => clocks.atInstant(when),
      subscribeDuration: (duration: bigint) => clocks.afterDuration(duration),
    },
    'wasi:clocks/wall-clock': {
      now: () => datetime(clocks.wall()),
      resolution: () => datetime(clocks.resolution),
    },
    'wasi:clocks/timezone': {
      display: (_when: Datetime) => ({ utcOffset: 0, name: 'UTC', inDaylightSavingTime: false }),
      utcOffset: (_when: Datetime) => 0,
    },
  };
}

/** Nothing in `wasi:clocks` 0.2 suspends the guest: waiting is done by pollables. */
export const clocksP2Blocking: readonly string[] = [];
