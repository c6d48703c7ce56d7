import { expect, test } from 'vitest';
import { GuestFault } from '../errors.ts';
import { testInstance } from '../test-instance.ts';
import { clocksP3 } from './p3.ts';

const MS = 1_000_000n;

function open(resolution = 1n) {
  const given = testInstance();
  const interfaces = clocksP3(given.instance, { resolution });
  return {
    ...given,
    monotonic: interfaces['wasi:clocks/monotonic-clock@0.3'],
    system: interfaces['wasi:clocks/system-clock@0.3'],
  };
}

test('both clocks say the time, no finer than their resolution', () => {
  const { clock, monotonic, system } = open(1000n);
  clock.nanoseconds = 1_234_567_891n;
  expect([monotonic.now(), monotonic.getResolution()]).toEqual([1_234_567_000n, 1000n]);
  expect(system.now()).toEqual({ seconds: 1_700_000_001n, nanoseconds: 234_567_000 });
  expect(system.getResolution()).toBe(1000n);
});

test.each([
  ['waitFor', 5n * MS],
  ['waitUntil', 1_000_000_000n + 5n * MS],
] as const)('%s ends when it is time, not before, and leaves no timer', async (name, when) => {
  const { clock, monotonic } = open();
  let done = false;
  const wait = monotonic[name](when).then(() => (done = true));
  clock.advance(5n * MS - 1n);
  await new Promise(setImmediate);
  expect(done).toBe(false);
  clock.advance(1n);
  await wait;
  expect(clock.timers).toBe(0);
});

test('a wait for ever goes on, and ends with the instance', async () => {
  const { instance, clock, monotonic } = open();
  const wait = monotonic.waitFor(2n ** 64n - 1n);
  instance.end();
  await expect(wait).rejects.toThrow(GuestFault);
  expect(clock.timers).toBe(0);
});
