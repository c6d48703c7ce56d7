import { describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../base/index.ts';
import type { RunScope } from './guest.ts';
import { GuestSessions, type SessionGuest } from './sessions.ts';

const scope = {} as RunScope;

function setUp(atOnce = 8) {
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    ...systemClock(),
    after(ms, wake) {
      timers.set(wake, ms);
      return () => timers.delete(wake);
    },
  };
  const elapse = (ms: number): void => {
    for (const [wake, due] of timers) if (due === ms && timers.delete(wake)) wake();
  };
  let serial = 0;
  const ended: number[] = [];
  let crash: () => void = () => {};
  const sessions = new GuestSessions({
    clock,
    atOnce,
    random: (bytes) => void bytes.fill((serial += 1)),
    begin(gone): SessionGuest {
      const own = serial;
      crash = gone;
      return {
        run: async (_scope, work) => work({ exports: { own } } as never),
        end: () => void ended.push(own),
      };
    },
  });
  return { sessions, timers, elapse, ended, crash: () => crash() };
}

const IDLE_MS = 300_000;
const LIFETIME_MS = 3_600_000;

describe('sessions', () => {
  it('have names of 192 bits, and are found by name and owner together', () => {
    const { sessions } = setUp();
    const session = sessions.open('me');
    expect(session.id).toMatch(/^[\w-]{32}$/);
    expect(sessions.find(session.id, 'me')).toBe(session);
    expect(sessions.find(session.id, 'you')).toBeUndefined();
    expect(sessions.find(session.id, '')).toBeUndefined();
    expect(sessions.find('', '')).toBeUndefined();
  });

  it('end when nobody has called for their idle time, counted from the last call', async () => {
    const { sessions, elapse, ended } = setUp();
    const session = sessions.open('');
    const gate = Promise.withResolvers<void>();
    await session.run(scope, async () => {});
    const call = session.run(scope, () => gate.promise);
    elapse(IDLE_MS);
    expect(session.ended).toBe(false);
    gate.resolve();
    await call;
    elapse(IDLE_MS);
    expect([session.ended, ended, sessions.size]).toEqual([true, [1], 0]);
  });

  it('end at the end of their lifetime, however busy', () => {
    const { sessions, elapse, timers } = setUp();
    const session = sessions.open('');
    elapse(LIFETIME_MS);
    expect([session.ended, sessions.find(session.id, ''), timers.size]).toEqual([
      true,
      undefined,
      0,
    ]);
  });

  it('end with their instance', () => {
    const { sessions, crash, timers } = setUp();
    const session = sessions.open('');
    crash();
    expect([session.ended, sessions.size, timers.size]).toEqual([true, 0, 0]);
  });

  it('serve one call at a time, and say so to the next', async () => {
    const { sessions } = setUp();
    const session = sessions.open('');
    const gate = Promise.withResolvers<void>();
    const call = session.run(scope, () => gate.promise);
    await expect(session.run(scope, async () => {})).rejects.toMatchObject({
      code: 'session-busy',
      status: 409,
    });
    gate.resolve();
    await call;
    await expect(session.run(scope, async () => 'well')).resolves.toBe('well');
  });

  it('are no more than may be', () => {
    const { sessions } = setUp(2);
    const first = sessions.open('');
    sessions.open('');
    expect(() => sessions.open('')).toThrow(
      expect.objectContaining({ code: 'sessions-full', status: 503, details: { retryAfter: 30 } }),
    );
    first.end();
    expect(sessions.open('').ended).toBe(false);
  });

  it('end with their version', () => {
    const { sessions, timers, ended } = setUp();
    const all = [sessions.open(''), sessions.open('x')];
    sessions.close();
    expect(all.every((each) => each.ended)).toBe(true);
    expect([timers.size, ended.length]).toEqual([0, 2]);
  });
});
