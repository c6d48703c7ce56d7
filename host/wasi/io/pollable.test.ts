import { expect, test } from 'vitest';
import { testInstance } from '../test-instance.ts';
import { ioP2 } from './p2.ts';
import { Pollable, poll } from './pollable.ts';
import { alwaysReady, type Readiness, Wakers } from './readiness.ts';

const never: Readiness = { isReady: () => false, subscribe: () => () => {} };

test('poll gives the indices of all that are ready, duplicates too', async () => {
  const { instance } = testInstance();
  const [ready, waiting] = [new Pollable(instance, alwaysReady), new Pollable(instance, never)];
  expect(await ioP2(instance)['wasi:io/poll'].poll([waiting, ready, waiting, ready])).toEqual(
    Uint32Array.of(1, 3),
  );
});

test('poll of an empty list traps', async () => {
  await expect(poll(testInstance().instance, [])).rejects.toMatchObject({ code: 'guest-trapped' });
});

test('poll of more than the copy limit traps', async () => {
  const { instance } = testInstance({ copy: 8 });
  const pollable = new Pollable(instance, alwaysReady);
  expect(await poll(instance, [pollable, pollable])).toHaveLength(2);
  await expect(poll(instance, [pollable, pollable, pollable])).rejects.toMatchObject({
    details: { limit: 'copy' },
  });
});

test('poll never gives an empty list, even if what was ready was taken before it looked', async () => {
  const { instance } = testInstance();
  const wakers = new Wakers();
  let on = false;
  const pollable = new Pollable(instance, {
    isReady: () => on,
    subscribe: (wake) => wakers.subscribe(wake),
  });
  const result = poll(instance, [pollable]);
  on = true;
  wakers.wake();
  on = false;
  await new Promise(setImmediate);
  on = true;
  wakers.wake();
  expect(await result).toEqual(Uint32Array.of(0));
});

test('ready does not wait, block does', async () => {
  const { instance } = testInstance();
  const pollable = new Pollable(instance, never);
  expect(pollable.ready()).toBe(false);
  const blocked = pollable.block();
  instance.end();
  await expect(blocked).rejects.toMatchObject({ code: 'instance-ended' });
  await new Pollable(testInstance().instance, alwaysReady).block();
});
