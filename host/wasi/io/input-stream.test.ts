import { expect, test } from 'vitest';
import { asyncPayloadOf, payloadOf, testInstance } from '../test-instance.ts';
import { InputStream } from './input-stream.ts';
import { IoError, StreamFailure } from './io-error.ts';
import { FakeSource } from './test-streams.ts';

function open(limits?: Parameters<typeof testInstance>[0]) {
  const { instance } = testInstance(limits);
  const source = new FakeSource();
  return { instance, source, stream: new InputStream(instance, source) };
}

const CLOSED = { tag: 'closed' };

test('read gives what is there, at most what was asked, and nothing when there is nothing', () => {
  const { source, stream } = open();
  expect(stream.read(10n)).toEqual(new Uint8Array(0));
  source.push(1, 2, 3);
  expect(stream.read(2n)).toEqual(Uint8Array.of(1, 2));
  expect(stream.read(10n)).toEqual(Uint8Array.of(3));
});

test('a guest-chosen length is clamped to the copy limit', () => {
  const { source, stream } = open({ copy: 2 });
  source.push(1, 2, 3);
  expect(stream.read(2n ** 64n - 1n)).toHaveLength(2);
  expect(stream.skip(2n ** 40n)).toBe(1n);
});

test('the end is `closed`, also for a read of nothing', () => {
  const { source, stream } = open();
  expect(stream.read(0n)).toHaveLength(0);
  source.end();
  expect(payloadOf(() => stream.read(1n))).toEqual(CLOSED);
  expect(payloadOf(() => stream.read(0n))).toEqual(CLOSED);
  expect(payloadOf(() => stream.skip(1n))).toEqual(CLOSED);
});

test('a failure is reported once with its error, then the stream is closed', () => {
  const { instance, source, stream } = open();
  source.fail(new StreamFailure('io', 'x', 'disk on fire'));
  const payload = payloadOf(() => stream.read(1n)) as { tag: string; val: IoError };
  expect(payload.tag).toBe('last-operation-failed');
  expect(payload.val).toBeInstanceOf(IoError);
  expect(payload.val.toDebugString()).toBe('disk on fire');
  expect(payloadOf(() => stream.read(1n))).toEqual(CLOSED);
  expect(instance.handles).toBe(2);
});

test('an error that is no StreamFailure goes on as a trap', () => {
  const { source, stream } = open();
  const bug = new TypeError('bug');
  source.read = () => {
    throw bug;
  };
  expect(() => stream.read(1n)).toThrow(bug);
});

test('blocking-read waits for a byte, and tells the source what it wants', async () => {
  const { source, stream } = open({ copy: 16 });
  const read = stream.blockingRead(100n);
  expect(source.expected).toEqual([16]);
  source.push(7);
  expect(await read).toEqual(Uint8Array.of(7));
  const skip = stream.blockingSkip(1n);
  source.push(8, 9);
  expect(await skip).toBe(1n);
});

test('blocking-read of nothing does not wait', async () => {
  expect(await open().stream.blockingRead(0n)).toHaveLength(0);
});

test('blocking-read goes on waiting when the bytes were taken by another', async () => {
  const { source, stream } = open();
  const read = stream.blockingRead(1n);
  source.push(1);
  source.chunks.length = 0;
  await new Promise(setImmediate);
  source.push(2);
  expect(await read).toEqual(Uint8Array.of(2));
});

test('blocking-read wakes at the end and at a failure', async () => {
  const ended = open();
  const atEnd = ended.stream.blockingRead(1n);
  ended.source.end();
  expect(await asyncPayloadOf(atEnd)).toEqual(CLOSED);
  const failed = open();
  const atFailure = failed.stream.blockingRead(1n);
  failed.source.fail(new StreamFailure('io', 'x', 'gone'));
  expect(await asyncPayloadOf(atFailure)).toMatchObject({ tag: 'last-operation-failed' });
});

test('subscribe is ready when there are bytes, and for good once closed', () => {
  const { source, stream } = open();
  const pollable = stream.subscribe();
  expect(pollable.ready()).toBe(false);
  source.push(1);
  expect(pollable.ready()).toBe(true);
  stream.read(1n);
  expect(pollable.ready()).toBe(false);
  source.end();
  expect(payloadOf(() => stream.read(1n))).toEqual(CLOSED);
  source.ended = false;
  expect(pollable.ready()).toBe(true);
});

test('dropping closes the source once, whoever drops first', () => {
  const { instance, source, stream } = open();
  stream[Symbol.dispose]();
  stream[Symbol.dispose]();
  instance.end();
  expect(source.closed).toBe(1);
  expect(instance.handles).toBe(0);
});

test('the end of the instance closes the source, rejects the reader and lets nobody read on', async () => {
  const { instance, source, stream } = open();
  const read = stream.blockingRead(1n);
  instance.end();
  await expect(read).rejects.toMatchObject({ code: 'instance-ended' });
  expect(source.closed).toBe(1);
  expect(() => stream.read(1n)).toThrow(/ended/);
});
