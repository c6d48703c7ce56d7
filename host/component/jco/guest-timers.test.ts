import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { GuestTimers } from './guest-timers.ts';

const turn = () => new Promise(setImmediate);
const HOUR = 3_600_000;

describe('the timers of an instance', () => {
  it('look again in the turn after progress, once for any number of reports', async () => {
    const timers = new GuestTimers(HOUR);
    const poll = vi.fn<() => void>();
    const once = vi.fn<() => void>();
    timers.setInterval(poll);
    timers.setTimeout(once, HOUR);
    timers.progressed();
    timers.progressed();
    expect(poll).not.toHaveBeenCalled();
    await turn();
    expect([poll.mock.calls.length, once.mock.calls.length]).toEqual([1, 1]);
    timers.progressed();
    await turn();
    expect([poll.mock.calls.length, once.mock.calls.length]).toEqual([2, 1]);
    timers.stop();
  });

  it('look without progress too, as something may be missed', async () => {
    const timers = new GuestTimers();
    const { promise, resolve } = Promise.withResolvers<string>();
    timers.setInterval(() => resolve('looked'));
    expect(await promise).toBe('looked');
    timers.stop();
  });

  it('take no delay for the next turn', async () => {
    const timers = new GuestTimers();
    const next = vi.fn<() => void>();
    timers.setTimeout(next, 0);
    const cancelled = vi.fn<() => void>();
    timers.clearTimeout(timers.setTimeout(cancelled));
    await turn();
    expect(next).toHaveBeenCalledOnce();
    expect(cancelled).not.toHaveBeenCalled();
    timers.stop();
  });

  it('fire no more once cleared', async () => {
    const timers = new GuestTimers();
    const cleared = vi.fn<() => void>();
    timers.clearInterval(timers.setInterval(cleared));
    timers.clearTimeout(timers.setTimeout(cleared, HOUR));
    timers.progressed();
    await turn();
    expect(cleared).not.toHaveBeenCalled();
    timers.stop();
  });

  it('all end with the instance, and none begins afterwards', async () => {
    const timers = new GuestTimers();
    const late = vi.fn<() => void>();
    timers.setInterval(late);
    timers.setTimeout(late, 0);
    timers.setTimeout(late, 1);
    timers.progressed();
    timers.stop();
    timers.setInterval(late);
    timers.setTimeout(late, 0);
    timers.progressed();
    await sleep(30);
    expect(late).not.toHaveBeenCalled();
  });
});
