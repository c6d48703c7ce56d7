import type { WasiInstance } from '../instance.ts';
import { untilReady } from '../io/index.ts';
import { Clocks, datetime } from './clocks.ts';
import type { ClocksOptions } from './p2.ts';

const U64_MAX = 2n ** 64n - 1n;

/** `wasi:clocks` 0.3 for one instance. */
export function clocksP3(instance: WasiInstance, { resolution }: ClocksOptions) {
  const clocks = new Clocks(instance, resolution);
  const waitUntil = (when: bigint) => untilReady(instance, clocks.untilInstant(when));
  return {
    'wasi:clocks/types@0.3': {},
    'wasi:clocks/monotonic-clock@0.3': {
      now: () => clocks.monotonic(),
      getResolution: () => clocks.resolution,
      waitUntil,
      waitFor: (duration: bigint) => {
        const when = instance.clock.monotonic() + duration;
        return waitUntil(when < U64_MAX ? when : U64_MAX);
      },
    },
    'wasi:clocks/system-clock@0.3': {
      now: () => datetime(clocks.wall()),
      getResolution: () => clocks.resolution,
    },
  };
}
