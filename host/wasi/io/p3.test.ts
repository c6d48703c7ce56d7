import { describe, expect, it, vi } from 'vitest';
import { GuestFault } from '../errors.ts';
import { testInstance } from '../test-instance.ts';
import { StreamFailure } from './io-error.ts';
import { drain, type GuestStream, hostStream, lazyFuture } from './p3.ts';
import { FakeSink, FakeSource } from './test-streams.ts';

function opened() {
  const { instance } = testInstance();
  const source = new FakeSource();
  const told = {
    failed: vi.fn<(failure: unknown) => void>(),
    ended: vi.fn<() => void>(),
    dropped: vi.fn<() => void>(),
  };
  return { instance, source, told, stream: hostStream(instance, source, told) };
}

describe('a stream for the guest', () => {
  it('gives what is there, waits for more, and ends', async () => {
    const { source, told, stream } = opened();
    source.push(1, 2);
    expect(await stream.next()).toEqual({ done: false, value: Uint8Array.of(1, 2) });
    const next = stream.next();
    source.push(3);
    expect(await next).toEqual({ done: false, value: Uint8Array.of(3) });
    source.end();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(told.ended).toHaveBeenCalledOnce();
  });

  it('takes nothing from the source before the guest reads', () => {
    const { source } = opened();
    source.push(1);
    expect([source.chunks.length, source.expected]).toEqual([1, []]);
  });

  it('ends where the source fails, and tells why', async () => {
    const { source, told, stream } = opened();
    const failure = new StreamFailure('io', 'io', 'broken');
    source.fail(failure);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(told.failed).toHaveBeenCalledWith(failure);
  });

  it('says that the guest dropped it', async () => {
    const { told, stream } = opened();
    await stream.return();
    expect(told.dropped).toHaveBeenCalledOnce();
  });

  it('rejects when the instance is ended', async () => {
    const { instance, stream } = opened();
    const next = stream.next();
    instance.end();
    await expect(next).rejects.toThrow(GuestFault);
  });
});

/** A guest that has these chunks to write, and notes how much is asked for. */
function guestStream(...chunks: (number | number[] | Uint8Array)[]) {
  const asked: number[] = [];
  const stream: GuestStream & { readonly asked: number[]; disposed: number } = {
    asked,
    disposed: 0,
    async read({ count }) {
      asked.push(count);
      const value = chunks.shift();
      return value === undefined ? { done: true } : { done: false, value };
    },
    [Symbol.dispose]() {
      stream.disposed += 1;
    },
  };
  return stream;
}

describe("a guest's stream into a sink", () => {
  it('moves bytes in every form that the binder gives', async () => {
    const { instance } = testInstance();
    const sink = new FakeSink();
    expect(await drain(instance, guestStream(1, [2, 3], Uint8Array.of(4)), sink)).toBe('ended');
    expect(sink.written).toEqual([1, 2, 3, 4]);
  });

  it('asks the guest for no more than the sink has room for, and for nothing while it has none', async () => {
    const { instance } = testInstance();
    const sink = new FakeSink(2);
    const stream = guestStream([1, 2], [3]);
    const moved = drain(instance, stream, sink);
    await new Promise(setImmediate);
    expect(stream.asked).toEqual([2]);
    sink.now({ room: 5 });
    expect(await moved).toBe('ended');
    expect(stream.asked).toEqual([2, 5, 4]);
  });

  it('closes the stream when the sink takes no more', async () => {
    const { instance } = testInstance();
    const sink = new FakeSink();
    sink.now({ room: undefined });
    const stream = guestStream([1]);
    expect(await drain(instance, stream, sink)).toBe('closed');
    expect([stream.asked, stream.disposed]).toEqual([[], 1]);
  });

  it('closes the stream when the instance is ended while the sink has no room', async () => {
    const { instance } = testInstance();
    const stream = guestStream([1]);
    const moved = drain(instance, stream, new FakeSink(0));
    instance.end();
    await expect(moved).rejects.toThrow(GuestFault);
    expect(stream.disposed).toBe(1);
  });
});

it('a future does its work when it is read, and once', async () => {
  const start = vi.fn<() => Promise<number>>(async () => 7);
  const future = lazyFuture(start);
  expect(start).not.toHaveBeenCalled();
  expect([await future, await future]).toEqual([7, 7]);
  expect(start).toHaveBeenCalledOnce();
});
