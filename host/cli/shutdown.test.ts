import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunningHost } from './index.ts';
import { untilStopped } from './shutdown.ts';
import { HostFake } from './testing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A start that takes as long as the test wants. */
function starting() {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const start = Promise.withResolvers<RunningHost>();
  const done = untilStopped({ signals, exit: (code) => exits.push(code) }, () => start.promise);
  return { signals, exits, start, done };
}

describe('a signal while the host is starting', () => {
  test('ends the process with 0 where the start does not finish within two seconds', async () => {
    const { signals, exits, done } = starting();
    signals.emit('SIGTERM', 'SIGTERM');
    await vi.advanceTimersByTimeAsync(1_999);
    expect(exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await done).toBe(0);
    expect(exits).toEqual([0]);
    expect(signals.eventNames()).toEqual([]);
  });

  test('closes the host in order where it does', async () => {
    const { signals, exits, start, done } = starting();
    signals.emit('SIGINT', 'SIGINT');
    await vi.advanceTimersByTimeAsync(1_000);
    const host = new HostFake();
    start.resolve(host);
    expect(await done).toBe(0);
    expect([host.closes, exits]).toEqual([1, []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('and a second one ends it at once', async () => {
    const { signals, exits, done } = starting();
    signals.emit('SIGINT', 'SIGINT');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(exits).toEqual([143]);
    await vi.advanceTimersByTimeAsync(2_000);
    await done;
  });

  test('a start that fails all the same is told', async () => {
    const { signals, start, done } = starting();
    signals.emit('SIGINT', 'SIGINT');
    start.reject(new Error('the address is taken'));
    await expect(done).rejects.toThrow('the address is taken');
  });
});
