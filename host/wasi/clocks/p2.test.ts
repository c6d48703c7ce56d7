import { expect, test } from 'vitest';
import { poll } from '../io/pollable.ts';
import { testInstance } from '../test-instance.ts';
import { clocksP2 } from './p2.ts';

function open(resolution = 1n) {
  const given = testInstance();
  const interfaces = clocksP2(given.instance, { resolution });
  return {
    ...given,
    monotonic: interfaces['wasi:clocks/monotonic-clock'],
    wall: interfaces['wasi:clocks/wall-clock'],
    interfaces,
  };
}

const MS = 1_000_000n;
const U64_MAX = 2n ** 64n - 1n;

test('now and resolution are those of the clock', () => {
  const { clock, monotonic, wall } = open();
  clock.nanoseconds = 1_234_567_891n;
  expect(monotonic.now()).toBe(1_234_567_891n);
  expect(monotonic.resolution()).toBe(1n);
  expect(wall.now()).toEqual({ seconds: 1_700_000_001n, nanoseconds: 234_567_891 });
  expect(wall.resolution()).toEqual({ seconds: 0n, nanoseconds: 1 });
});

test('a coarse clock rounds down, and says how coarse it is', () => {
  const { clock, monotonic, wall } = open(2_500_000_000n);
  clock.nanoseconds = 7_600_000_000n;
  expect(monotonic.now()).toBe(7_500_000_000n);
  expect(monotonic.resolution()).toBe(2_500_000_000n);
  expect(wall.now()).toEqual({ seconds: 1_700_000_007n, nanoseconds: 500_000_000 });
  expect(wall.resolution()).toEqual({ seconds: 2n, nanoseconds: 500_000_000 });
});

test('a resolution of nothing is refused', () => {
  expect(() => open(0n)).toThrow(RangeError);
});

test('a duration ends after it has passed, not before, and leaves no timer', async () => {
  const { instance, clock, monotonic } = open();
  const pollable = monotonic.subscribeDuration(5n * MS);
  expect(clock.timers).toBe(0);
  let done = false;
  const wait = poll(instance, [pollable]).then(() => (done = true));
  expect(clock.timers).toBe(1);
  clock.advance(5n * MS - 1n);
  await new Promise(setImmediate);
  expect(done).toBe(false);
  clock.advance(1n);
  await wait;
  expect(clock.timers).toBe(0);
});

test('a duration counts from the call, not from the wait', () => {
  const { clock, monotonic } = open();
  const pollable = monotonic.subscribeDuration(MS);
  clock.advance(MS);
  expect(pollable.ready()).toBe(true);
});

test('a duration of nothing and an instant in the past are ready at once', () => {
  const { monotonic } = open();
  expect(monotonic.subscribeDuration(0n).ready()).toBe(true);
  expect(monotonic.subscribeInstant(0n).ready()).toBe(true);
  expect(monotonic.subscribeInstant(monotonic.now()).ready()).toBe(true);
});

test('an instant is ready when it occurs', async () => {
  const { clock, monotonic } = open();
  const pollable = monotonic.subscribeInstant(monotonic.now() + 3n * MS);
  expect(pollable.ready()).toBe(false);
  const wait = pollable.block();
  clock.advance(3n * MS);
  await wait;
});

test('the longest duration and the last instant neither overflow nor fire', () => {
  const { instance, clock, monotonic } = open();
  const waits = [monotonic.subscribeDuration(U64_MAX), monotonic.subscribeInstant(U64_MAX)].map(
    (pollable) => pollable.block(),
  );
  for (const wait of waits) wait.catch(() => {});
  expect(clock.timers).toBe(2);
  clock.advance(10n ** 17n);
  expect(clock.timers).toBe(2);
  instance.end();
  expect(clock.timers).toBe(0);
});

test('a timer that fires early is armed again', async () => {
  const { clock, monotonic } = open();
  const after = clock.after.bind(clock);
  clock.after = (ms, wake) => after(ms / 2, wake);
  const wait = monotonic.subscribeDuration(8n * MS).block();
  clock.advance(4n * MS);
  expect(clock.timers).toBe(1);
  clock.advance(4n * MS);
  await wait;
  expect(clock.timers).toBe(0);
});

test('on a coarse clock a timer ends with a tick, when now() says that its time has come', async () => {
  const { clock, monotonic } = open(10n * MS);
  clock.nanoseconds = 105n * MS;
  const wait = monotonic.subscribeDuration(7n * MS).block();
  clock.advance(7n * MS);
  expect(clock.timers).toBe(1);
  clock.advance(8n * MS);
  await wait;
  expect(monotonic.now()).toBe(120n * MS);
});

test('the end of the instance frees its timers and rejects who waits', async () => {
  const { instance, clock, monotonic } = open();
  const wait = monotonic.subscribeDuration(MS).block();
  instance.end();
  await expect(wait).rejects.toMatchObject({ code: 'instance-ended' });
  expect(clock.timers).toBe(0);
  expect(instance.handles).toBe(0);
});

test('there is no time zone but UTC', () => {
  const zone = open().interfaces['wasi:clocks/timezone'];
  const when = { seconds: 0n, nanoseconds: 0 };
  expect(zone.display(when)).toEqual({ utcOffset: 0, name: 'UTC', inDaylightSavingTime: false });
  expect(zone.utcOffset(when)).toBe(0);
});
