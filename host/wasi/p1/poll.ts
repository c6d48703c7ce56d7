import { overLimit } from '../errors.ts';
import { type Pollable, untilAnyReady } from '../io/index.ts';
import { CLOCK, clockOf } from './clock.ts';
import { errno, errnoOf, type ErrnoName, fail } from './errno.ts';
import type { Implementation, State } from './state.ts';

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const EVENT_TYPE = { clock: 0, read: 1, write: 2 } as const;
const ABSTIME = 1;
const MAX_TIME = 2n ** 63n - 1n;

interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  /** What to wait for; `undefined` for what is ready already, or failed. */
  readonly pollable: Pollable | undefined;
  readonly error: ErrnoName;
  /** Bytes that there are to read, or room to write. */
  readonly bytes: () => bigint;
}

/** `poll_oneoff`: waits until one of the subscriptions is ready and tells of all that are. */
export function pollFunctions(state: State): Record<string, Implementation> {
  const { memory, instance } = state;
  return {
    async poll_oneoff(subscriptions: number, events: number, count: number, result: number) {
      if (count === 0) fail('inval');
      const { copy } = instance.limits;
      if (count * SUBSCRIPTION_BYTES > copy)
        throw overLimit('copy', copy, 'bytes of subscriptions in one poll_oneoff');
      memory.reserve(subscriptions, count * SUBSCRIPTION_BYTES, 8);
      memory.reserve(events, count * EVENT_BYTES, 8);
      memory.reserve(result, 4, 4);
      using stack = new DisposableStack();
      const all: Subscription[] = [];
      for (let index = 0; index < count; index += 1) {
        const subscription = await read(state, subscriptions + index * SUBSCRIPTION_BYTES);
        if (subscription.pollable !== undefined) stack.use(subscription.pollable);
        all.push(subscription);
      }
      const waited = all.flatMap(({ pollable }) => pollable?.readiness ?? []);
      if (waited.length === all.length) await untilAnyReady(instance, waited);
      let written = 0;
      for (const subscription of all) {
        if (subscription.pollable?.ready() === false) continue;
        writeEvent(state, events + written * EVENT_BYTES, subscription);
        written += 1;
      }
      memory.setU32(result, written);
    },
  };
}

async function read(state: State, pointer: number): Promise<Subscription> {
  const { memory } = state;
  const userdata = memory.u64(pointer);
  const type = memory.u8(pointer + 8);
  if (type > EVENT_TYPE.write) fail('inval');
  try {
    if (type === EVENT_TYPE.clock) {
      return { userdata, type, error: 'success', bytes: () => 0n, pollable: timer(state, pointer) };
    }
    const { pollable, bytes } = await stream(state, memory.u32(pointer + 16), type);
    return { userdata, type, error: 'success', pollable, bytes: () => bytes };
  } catch (thrown) {
    const error = errnoOf(thrown);
    if (error === undefined) throw thrown;
    return { userdata, type, error, pollable: undefined, bytes: () => 0n };
  }
}

function timer(state: State, pointer: number): Pollable {
  const { memory, clocks } = state;
  const id = memory.u32(pointer + 16);
  const timeout = memory.u64(pointer + 24);
  const absolute = (memory.u16(pointer + 40) & ABSTIME) !== 0;
  // How long to wait tells nothing of the time of day, so sleeping by that clock needs no grant for it.
  if (!absolute && id === CLOCK.realtime) return clocks.afterDuration(least(timeout));
  const clock = clockOf(state, id);
  if (!absolute) return clocks.afterDuration(least(timeout));
  if (clock === 'monotonic') return clocks.atInstant(least(timeout));
  const now = clocks.wall();
  return clocks.afterDuration(timeout > now ? least(timeout - now) : 0n);
}

function least(time: bigint): bigint {
  return time < MAX_TIME ? time : MAX_TIME;
}

/** Files are always ready, as poll(2) has it. */
async function stream(
  state: State,
  number: number,
  type: number,
): Promise<{ pollable: Pollable | undefined; bytes: bigint }> {
  const reads = type === EVENT_TYPE.read;
  const fd = state.fds.get(number, 'poll_fd_readwrite', reads ? 'fd_read' : 'fd_write');
  if (fd.kind === 'directory') return fail('badf');
  if (fd.kind !== 'file') return { pollable: fd.stream.subscribe(), bytes: 1n };
  const { size } = await fd.descriptor.stat();
  return { pollable: undefined, bytes: reads && size > fd.position ? size - fd.position : 1n };
}

function writeEvent(
  { memory }: State,
  pointer: number,
  { userdata, error, type, bytes }: Subscription,
): void {
  const view = memory.structure(pointer, EVENT_BYTES, 8);
  view.setBigUint64(pointer, userdata, true);
  view.setUint16(pointer + 8, errno(error), true);
  view.setUint16(pointer + 10, type, true);
  view.setUint32(pointer + 12, 0, true);
  view.setBigUint64(pointer + 16, type === EVENT_TYPE.clock ? 0n : bytes(), true);
  view.setBigUint64(pointer + 24, 0n, true);
}
