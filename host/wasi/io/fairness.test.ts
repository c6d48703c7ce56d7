import { describe, expect, it } from 'vitest';
import { GuestFault } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { testInstance } from '../test-instance.ts';
import { InputStream } from './input-stream.ts';
import { OutputStream } from './output-stream.ts';
import { poll, Pollable } from './pollable.ts';
import { alwaysReady } from './readiness.ts';

const deadline = new GuestFault({ code: 'timeout', status: 504, message: 'over' });

/** Loops over `call` as a guest would, until the instance is ended by a timer: which a starved event loop never fires. */
async function loop(instance: WasiInstance, call: () => Promise<unknown>): Promise<unknown> {
  const timer = setTimeout(() => instance.end(deadline), 5);
  try {
    for (let calls = 0; calls < 5_000_000; calls += 1) await call();
    return 'it was never ended';
  } catch (thrown) {
    return thrown;
  } finally {
    clearTimeout(timer);
  }
}

const endless = {
  ...alwaysReady,
  read: (max: number) => new Uint8Array(Math.min(max, 8)),
  close() {},
};
const bottomless = { ...alwaysReady, permit: () => 4096, write() {}, flush() {}, close() {} };

describe('a guest that never has to wait still lets its deadline come', () => {
  it('polling what is always ready', async () => {
    const { instance } = testInstance();
    const ready = new Pollable(instance, alwaysReady);
    expect(await loop(instance, () => poll(instance, [ready]))).toBe(deadline);
  });

  it('blocking on it', async () => {
    const { instance } = testInstance();
    const ready = new Pollable(instance, alwaysReady);
    expect(await loop(instance, () => ready.block())).toBe(deadline);
  });

  it('reading a stream that always has bytes', async () => {
    const { instance } = testInstance();
    const stream = new InputStream(instance, endless);
    expect(await loop(instance, () => stream.blockingRead(8n))).toBe(deadline);
  });

  it('writing to one that takes everything', async () => {
    const { instance } = testInstance();
    const stream = new OutputStream(instance, bottomless);
    expect(await loop(instance, () => stream.blockingWriteAndFlush(new Uint8Array(8)))).toBe(
      deadline,
    );
  });

  it('and sees ready what only begins when it is waited for', async () => {
    const { instance } = testInstance();
    let begun = false;
    const lazy = { isReady: () => begun, subscribe: () => ((begun = true), () => {}) };
    const pollables = [new Pollable(instance, alwaysReady), new Pollable(instance, lazy)];
    expect(await poll(instance, pollables)).toEqual(Uint32Array.of(0, 1));
  });
});
