import { expect, test } from 'vitest';
import { asyncPayloadOf, payloadOf, testInstance } from '../test-instance.ts';
import { InputStream } from './input-stream.ts';
import { StreamFailure } from './io-error.ts';
import { OutputStream } from './output-stream.ts';
import { FakeSink, FakeSource } from './test-streams.ts';

function open(room?: number, limits?: Parameters<typeof testInstance>[0]) {
  const { instance } = testInstance(limits);
  const sink = new FakeSink(room);
  return { instance, sink, stream: new OutputStream(instance, sink) };
}

const CLOSED = { tag: 'closed' };
const FAILURE = new StreamFailure('io', 'x', 'gone');

test('write takes what check-write permitted, in parts', () => {
  const { sink, stream } = open(3);
  expect(stream.checkWrite()).toBe(3n);
  stream.write(Uint8Array.of(1, 2));
  stream.write(Uint8Array.of(3));
  expect(sink.written).toEqual([1, 2, 3]);
  expect(stream.checkWrite()).toBe(0n);
});

test('more than permitted traps, and so does a write without check-write', () => {
  const { stream } = open(3);
  expect(() => stream.write(Uint8Array.of(1))).toThrow(
    expect.objectContaining({ code: 'guest-trapped' }),
  );
  stream.checkWrite();
  expect(() => stream.write(new Uint8Array(4))).toThrow(
    expect.objectContaining({ code: 'guest-trapped' }),
  );
});

test('the permit never exceeds the copy limit', () => {
  expect(open(1000, { copy: 10 }).stream.checkWrite()).toBe(10n);
});

test('a stream that closed after check-write gives `closed` and writes nothing', () => {
  const { sink, stream } = open(3);
  stream.checkWrite();
  sink.now({ room: undefined });
  expect(payloadOf(() => stream.write(Uint8Array.of(1)))).toEqual(CLOSED);
  expect(sink.written).toEqual([]);
});

test('a failure is reported once, then everything is `closed` and the pollable ready', async () => {
  const { sink, stream } = open(3);
  stream.checkWrite();
  sink.now({ failure: FAILURE });
  expect(payloadOf(() => stream.write(Uint8Array.of(1)))).toMatchObject({
    tag: 'last-operation-failed',
  });
  expect(payloadOf(() => stream.checkWrite())).toEqual(CLOSED);
  expect(payloadOf(() => stream.flush())).toEqual(CLOSED);
  expect(await asyncPayloadOf(stream.blockingFlush())).toEqual(CLOSED);
  expect(await asyncPayloadOf(stream.blockingWriteAndFlush(Uint8Array.of(1)))).toEqual(CLOSED);
  expect(await asyncPayloadOf(stream.blockingWriteAndFlush(new Uint8Array(0)))).toEqual(CLOSED);
  expect(stream.subscribe().ready()).toBe(true);
});

test('flush takes the permit away', () => {
  const { sink, stream } = open(3);
  stream.checkWrite();
  stream.flush();
  expect(sink.flushes).toBe(1);
  expect(() => stream.write(Uint8Array.of(1))).toThrow(/permitted/);
});

test('blocking-write-and-flush writes in parts as there is room, and waits for the flush', async () => {
  const { sink, stream } = open(2);
  let done = false;
  const write = stream.blockingWriteAndFlush(Uint8Array.of(1, 2, 3)).then(() => (done = true));
  await new Promise(setImmediate);
  expect(sink.written).toEqual([1, 2]);
  sink.now({ room: 1 });
  await new Promise(setImmediate);
  expect(sink.written).toEqual([1, 2, 3]);
  expect(sink.flushes).toBe(1);
  expect(done).toBe(false);
  sink.now({ room: 5 });
  await write;
});

test('blocking-write-and-flush succeeds when exactly these bytes closed the sink', async () => {
  const { sink, stream } = open(2);
  sink.write = (bytes) => {
    sink.written.push(...bytes);
    sink.room = undefined;
  };
  await stream.blockingWriteAndFlush(Uint8Array.of(1, 2));
  expect(payloadOf(() => stream.checkWrite())).toEqual(CLOSED);
});

test('blocking writes of more than 4096 bytes trap', async () => {
  const { stream } = open(10_000);
  await expect(stream.blockingWriteAndFlush(new Uint8Array(4097))).rejects.toMatchObject({
    code: 'guest-trapped',
  });
  await expect(stream.blockingWriteZeroesAndFlush(4097n)).rejects.toMatchObject({
    code: 'guest-trapped',
  });
  await expect(stream.blockingWriteZeroesAndFlush(2n ** 64n - 1n)).rejects.toMatchObject({
    code: 'guest-trapped',
  });
  await stream.blockingWriteAndFlush(new Uint8Array(4096));
});

test('write-zeroes writes zeroes and allocates no more than the copy limit', () => {
  const { sink, stream } = open(4, { copy: 4 });
  stream.checkWrite();
  stream.writeZeroes(3n);
  expect(sink.written).toEqual([0, 0, 0]);
  expect(() => stream.writeZeroes(2n ** 40n)).toThrow(
    expect.objectContaining({ details: { limit: 'copy', value: 4 } }),
  );
});

test('splice moves no more than the reader has, the writer takes and the guest asked', () => {
  const { instance, sink, stream } = open(2);
  const source = new FakeSource();
  const input = new InputStream(instance, source);
  source.push(1, 2, 3, 4);
  expect(stream.splice(input, 10n)).toBe(2n);
  sink.now({ room: 10 });
  expect(stream.splice(input, 1n)).toBe(1n);
  expect(stream.splice(input, 10n)).toBe(1n);
  expect(stream.splice(input, 10n)).toBe(0n);
  expect(sink.written).toEqual([1, 2, 3, 4]);
  source.end();
  expect(payloadOf(() => stream.splice(input, 10n))).toEqual(CLOSED);
});

test('blocking-splice waits for room and for bytes', async () => {
  const { instance, sink, stream } = open(0);
  const source = new FakeSource();
  const splice = stream.blockingSplice(new InputStream(instance, source), 10n);
  sink.now({ room: 10 });
  await new Promise(setImmediate);
  source.push(5, 6);
  expect(await splice).toBe(2n);
  expect(sink.written).toEqual([5, 6]);
});

test('blocking-splice reports what closed while it waited', async () => {
  const { instance, sink, stream } = open(0);
  const splice = stream.blockingSplice(new InputStream(instance, new FakeSource()), 10n);
  sink.now({ room: undefined });
  expect(await asyncPayloadOf(splice)).toEqual(CLOSED);
  const input = new InputStream(instance, new FakeSource());
  expect(await asyncPayloadOf(stream.blockingSplice(input, 0n))).toEqual(CLOSED);
});

test('dropping closes the sink once; the end of the instance frees a blocked writer', async () => {
  const { instance, sink, stream } = open(0);
  const write = stream.blockingWriteAndFlush(Uint8Array.of(1));
  instance.end();
  await expect(write).rejects.toMatchObject({ code: 'instance-ended' });
  stream[Symbol.dispose]();
  expect(sink.closed).toBe(1);
  expect(() => stream.checkWrite()).toThrow(/ended/);
});
