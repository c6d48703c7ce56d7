import { expect, test } from 'vitest';
import { GuestFault } from '../errors.ts';
import { testInstance } from '../test-instance.ts';
import { alwaysReady, type Readiness, untilAnyReady, untilReady, Wakers } from './readiness.ts';

/** Counts who waits. */
class Switch implements Readiness {
  on = false;
  waiting = 0;
  readonly wakers = new Wakers();
  isReady(): boolean {
    return this.on;
  }
  subscribe(wake: () => void): () => void {
    this.waiting++;
    const stop = this.wakers.subscribe(wake);
    return () => {
      this.waiting--;
      stop();
    };
  }
}

test('resolves at once for what is ready, without subscribing', async () => {
  const { instance } = testInstance();
  const off = new Switch();
  await untilAnyReady(instance, [off, alwaysReady]);
  expect(off.waiting).toBe(0);
});

test('wakes when one turns ready, and leaves no subscription on any', async () => {
  const { instance } = testInstance();
  const [a, b] = [new Switch(), new Switch()];
  const wait = untilAnyReady(instance, [a, b]);
  expect([a.waiting, b.waiting]).toEqual([1, 1]);
  b.on = true;
  b.wakers.wake();
  await wait;
  expect([a.waiting, b.waiting]).toEqual([0, 0]);
});

test('a spurious wake does not resolve', async () => {
  const { instance } = testInstance();
  const a = new Switch();
  let resolved = false;
  const wait = untilReady(instance, a).then(() => (resolved = true));
  a.wakers.wake();
  await Promise.resolve();
  await Promise.resolve();
  expect(resolved).toBe(false);
  a.on = true;
  a.wakers.wake();
  await wait;
});

test('a source that wakes from within subscribe leaves no subscription behind', async () => {
  const { instance } = testInstance();
  class Eager extends Switch {
    override subscribe(wake: () => void): () => void {
      const stop = super.subscribe(wake);
      this.on = true;
      wake();
      return stop;
    }
  }
  const [eager, later] = [new Eager(), new Switch()];
  await untilAnyReady(instance, [eager, later]);
  expect([eager.waiting, later.waiting]).toEqual([0, 0]);
});

test('the end of the instance rejects the wait and frees it', async () => {
  const { instance } = testInstance();
  const a = new Switch();
  const wait = untilReady(instance, a);
  const fault = new GuestFault({ code: 'deadline-exceeded', status: 504, message: 'too late' });
  instance.end(fault);
  await expect(wait).rejects.toBe(fault);
  expect(a.waiting).toBe(0);
  await expect(untilReady(instance, alwaysReady)).rejects.toBe(fault);
});

test('one function may wait twice and stop once', () => {
  const wakers = new Wakers();
  let woken = 0;
  const wake = () => woken++;
  const stop = wakers.subscribe(wake);
  wakers.subscribe(wake);
  stop();
  wakers.wake();
  expect(woken).toBe(1);
});
