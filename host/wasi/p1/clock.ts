import { randomBytes, type RandomSource } from '../random/index.ts';
import { fail } from './errno.ts';
import type { Implementation, State } from './state.ts';

/** `clockid` of preview1; this host has no clocks of processes and threads. */
export const CLOCK = { realtime: 0, monotonic: 1 } as const;
const MAX_CLOCK = 3;

/** The clock with this number, or the errno for it. Without the grant the time of day fails with `notcapable`. */
export function clockOf(state: State, id: number): 'realtime' | 'monotonic' {
  if (id === CLOCK.monotonic) return 'monotonic';
  if (id > MAX_CLOCK) return fail('inval');
  if (id !== CLOCK.realtime) return fail('notsup');
  if (!state.wall) {
    state.instance.denied({
      capability: 'clocks',
      what: 'the time of day, by clock_time_get or poll_oneoff',
      fix: 'clocks = ["wall"]',
    });
    return fail('notcapable');
  }
  return 'realtime';
}

export function clockFunctions(state: State): Record<string, Implementation> {
  const { memory, clocks } = state;
  return {
    clock_res_get(id: number, result: number) {
      clockOf(state, id);
      memory.setU64(result, clocks.resolution);
    },
    clock_time_get(id: number, _precision: bigint, result: number) {
      memory.setU64(result, clockOf(state, id) === 'realtime' ? clocks.wall() : clocks.monotonic());
    },
  };
}

export function randomFunctions(
  state: State,
  source: RandomSource,
): Record<string, Implementation> {
  return {
    random_get(pointer: number, length: number) {
      const into = state.memory.bytes(pointer, length);
      into.set(randomBytes(state.instance, source, BigInt(length)));
    },
  };
}
