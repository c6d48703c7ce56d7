import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputStream, StreamFailure } from '../io/index.ts';
import { payloadOf, testInstance } from '../test-instance.ts';
import { BodyPipe } from './body-pipe.ts';
import { HttpFailure, httpErrorCode } from './error-code.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { Fields } from './fields.ts';
import { FakeBodySink, fields, text } from './test-bodies.ts';

function open(contentLength?: bigint, side: 'request' | 'response' = 'response', room = 1024) {
  const given = testInstance();
  const pipe = new BodyPipe(side, contentLength);
  const body = new OutgoingBody(given.instance, pipe);
  return { ...given, pipe, body, sink: new FakeBodySink(room) };
}

const TRAPPED = expect.objectContaining({ code: 'guest-trapped' });

function write(stream: OutputStream, ...bytes: number[]): void {
  stream.checkWrite();
  stream.write(Uint8Array.from(bytes));
}

function codeOf(call: () => unknown): unknown {
  const payload = payloadOf(call) as { tag: string; val: Parameters<typeof httpErrorCode>[0] };
  expect(payload.tag).toBe('last-operation-failed');
  return httpErrorCode(payload.val);
}

test('what is written after the sink is there goes straight to it', () => {
  const { body, pipe, sink } = open();
  pipe.attach(sink);
  const stream = body.write();
  write(stream, 1, 2);
  stream.flush();
  expect(sink.written).toEqual([1, 2]);
  expect(sink.flushes).toBe(1);
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
  expect(pipe.finished).toBe(true);
  expect(sink.finished).toEqual([{ trailers: undefined }]);
  expect(sink.aborted).toEqual([]);
});

test('a guest may write and flush, and finish, before anybody takes the body', async () => {
  const { body, instance, pipe, sink } = open();
  const stream = body.write();
  await stream.blockingWriteAndFlush(Uint8Array.of(1, 2));
  await stream.blockingWriteAndFlush(Uint8Array.of(3));
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, new Fields(instance, { list: fields(['t', '1']), immutable: false }));
  pipe.attach(sink);
  expect(sink.written).toEqual([1, 2, 3]);
  expect(text(sink.finished[0]?.trailers ?? [])).toEqual([['t', '1']]);
  expect(instance.handles).toBe(0);
});

test('no more than 64 KiB wait for a sink, and the writer goes on when it comes', async () => {
  const { body, pipe, sink } = open(undefined, 'response', 1 << 20);
  const stream = body.write();
  expect(stream.checkWrite()).toBe(65536n);
  stream.write(new Uint8Array(65536));
  expect(stream.checkWrite()).toBe(0n);
  const pollable = stream.subscribe();
  expect(pollable.ready()).toBe(false);
  const wait = pollable.block();
  pipe.attach(sink);
  await wait;
  expect(sink.written).toHaveLength(65536);
  expect(stream.checkWrite()).toBeGreaterThan(0n);
});

test('what waited goes out as the sink has room, before anything new', async () => {
  const { body, pipe, sink } = open(undefined, 'response', 2);
  const stream = body.write();
  write(stream, 1, 2, 3);
  write(stream, 4, 5);
  pipe.attach(sink);
  expect(sink.written).toEqual([1, 2]);
  expect(stream.checkWrite()).toBe(0n);
  const wait = stream.subscribe().block();
  sink.now({ room: 2 });
  expect(sink.written).toEqual([1, 2, 3, 4]);
  sink.now({ room: 10 });
  await wait;
  write(stream, 6);
  expect(sink.written).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a permit from before the sink came may be used, though the sink has less room', () => {
  const { body, pipe, sink } = open(undefined, 'response', 2);
  const stream = body.write();
  stream.checkWrite();
  pipe.attach(sink);
  stream.write(Uint8Array.of(1, 2, 3));
  expect(sink.written).toEqual([1, 2]);
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
  expect(sink.finished).toEqual([]);
  sink.now({ room: 5 });
  expect(sink.written).toEqual([1, 2, 3]);
  expect(sink.finished).toHaveLength(1);
});

test('what waits may be kept by the sink, whatever is written after it', () => {
  const { body, pipe, sink } = open(undefined, 'response', 3);
  const kept: Uint8Array[] = [];
  sink.write = (bytes) => {
    kept.push(bytes);
    sink.room = (sink.room ?? 0) - bytes.length;
  };
  const stream = body.write();
  for (let byte = 0; byte < 6; byte++) write(stream, byte);
  pipe.attach(sink);
  for (let byte = 6; byte < 9; byte++) sink.now({ room: 1 });
  expect(kept.flatMap((bytes) => Array.from(bytes))).toEqual([0, 1, 2, 3, 4, 5]);
});

test('finish waits for what is still on its way', () => {
  const { body, pipe, sink } = open(undefined, 'response', 1);
  const stream = body.write();
  write(stream, 1, 2);
  stream[Symbol.dispose]();
  pipe.attach(sink);
  OutgoingBody.finish(body, undefined);
  expect([pipe.finished, sink.finished.length]).toEqual([true, 0]);
  sink.now({ room: 1 });
  expect(sink.written).toEqual([1, 2]);
  expect(sink.finished).toHaveLength(1);
});

test('any writes, any room: the sink gets the bytes in order, and the end once', () => {
  const chunk = fc.uint8Array({ maxLength: 6 });
  fc.assert(
    fc.property(
      fc.array(chunk),
      fc.array(chunk),
      fc.array(fc.nat({ max: 4 })),
      (before, after, rooms) => {
        const { body, pipe, sink } = open(undefined, 'response', 0);
        const stream = body.write();
        const sent: number[] = [];
        const send = (bytes: Uint8Array) => {
          const part = bytes.subarray(0, Number(stream.checkWrite()));
          stream.write(part);
          sent.push(...part);
        };
        before.forEach(send);
        pipe.attach(sink);
        rooms.forEach((room, index) => {
          sink.now({ room });
          const next = after[index];
          if (next !== undefined) send(next);
        });
        stream[Symbol.dispose]();
        OutgoingBody.finish(body, undefined);
        sink.now({ room: 1_000 });
        expect(sink.written).toEqual(sent);
        expect([sink.finished.length, sink.aborted.length]).toEqual([1, 0]);
      },
    ),
  );
});

test('a body dropped before it was finished is aborted, attached or not', () => {
  for (const attach of ['before', 'after'] as const) {
    const { body, pipe, sink } = open();
    if (attach === 'before') pipe.attach(sink);
    const stream = body.write();
    write(stream, 1);
    stream[Symbol.dispose]();
    body[Symbol.dispose]();
    if (attach === 'after') pipe.attach(sink);
    expect(sink.finished).toEqual([]);
    expect(sink.aborted.map(({ code }) => code)).toEqual([{ tag: 'HTTP-response-incomplete' }]);
    expect(pipe.finished).toBe(false);
  }
});

test('the end of the instance aborts an unfinished body, and leaves a finished one to drain', () => {
  const unfinished = open();
  unfinished.pipe.attach(unfinished.sink);
  unfinished.body.write();
  unfinished.instance.end();
  expect(unfinished.sink.aborted).toHaveLength(1);
  expect(unfinished.instance.handles).toBe(0);
  const finished = open(undefined, 'response', 0);
  const stream = finished.body.write();
  write(stream, 1);
  stream[Symbol.dispose]();
  OutgoingBody.finish(finished.body, undefined);
  finished.pipe.attach(finished.sink);
  finished.instance.end();
  finished.sink.now({ room: 1 });
  expect(finished.sink.written).toEqual([1]);
  expect([finished.sink.finished.length, finished.sink.aborted.length]).toEqual([1, 0]);
});

test('the stream is given once, and must be dropped before the body is dropped or finished', () => {
  const { body, pipe, sink } = open();
  pipe.attach(sink);
  const stream = body.write();
  expect(payloadOf(() => body.write())).toBeUndefined();
  expect(() => OutgoingBody.finish(body, undefined)).toThrow(TRAPPED);
  expect(() => body[Symbol.dispose]()).toThrow(TRAPPED);
  expect(sink.finished).toEqual([]);
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
  expect(sink.finished).toHaveLength(1);
});

test.each(['request', 'response'] as const)(
  'a %s body longer than declared fails the write, the end and the message',
  (side) => {
    const { body, pipe, sink } = open(3n, side);
    pipe.attach(sink);
    const stream = body.write();
    write(stream, 1, 2);
    const code = { tag: `HTTP-${side}-body-size`, val: 4n };
    expect(codeOf(() => write(stream, 3, 4))).toEqual(code);
    expect(payloadOf(() => stream.checkWrite())).toEqual({ tag: 'closed' });
    stream[Symbol.dispose]();
    expect(payloadOf(() => OutgoingBody.finish(body, undefined))).toEqual(code);
    expect(sink.written).toEqual([1, 2]);
    expect(sink.finished).toEqual([]);
    expect(sink.aborted.map((failure) => failure.code)).toEqual([code]);
  },
);

test('a body shorter than declared fails the end and the message', () => {
  const { body, instance, pipe, sink } = open(3n);
  pipe.attach(sink);
  const stream = body.write();
  write(stream, 1);
  stream[Symbol.dispose]();
  const code = { tag: 'HTTP-response-body-size', val: 1n };
  expect(payloadOf(() => OutgoingBody.finish(body, undefined))).toEqual(code);
  expect(sink.aborted.map((failure) => failure.code)).toEqual([code]);
  expect(instance.handles).toBe(0);
});

test('a body as long as declared is fine', () => {
  const { body, pipe, sink } = open(2n);
  pipe.attach(sink);
  const stream = body.write();
  write(stream, 1, 2);
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
  expect([sink.finished.length, sink.aborted.length]).toEqual([1, 0]);
});

test('fields that frame a message cannot be trailers', () => {
  const { body, instance, pipe, sink } = open();
  pipe.attach(sink);
  const trailers = new Fields(instance, {
    list: fields(['Content-Length', '9']),
    immutable: false,
  });
  expect(payloadOf(() => OutgoingBody.finish(body, trailers))).toEqual({
    tag: 'HTTP-protocol-error',
  });
  expect([sink.finished.length, sink.aborted.length]).toEqual([0, 1]);
  expect(instance.handles).toBe(0);
});

test('a sink that fails fails the writer with its code, and is aborted once', () => {
  const { body, pipe, sink } = open();
  pipe.attach(sink);
  const stream = body.write();
  stream.checkWrite();
  sink.now({ failure: new HttpFailure({ tag: 'connection-terminated' }) });
  expect(codeOf(() => stream.write(Uint8Array.of(1)))).toEqual({ tag: 'connection-terminated' });
  stream[Symbol.dispose]();
  expect(payloadOf(() => OutgoingBody.finish(body, undefined))).toEqual({
    tag: 'connection-terminated',
  });
  expect(sink.aborted).toHaveLength(1);
});

test('a sink that fails or closes while what waited goes out aborts the body', () => {
  for (const [state, tag] of [
    [{ room: undefined }, 'connection-terminated'],
    [{ failure: new HttpFailure({ tag: 'connection-write-timeout' }) }, 'connection-write-timeout'],
    [{ failure: new StreamFailure('io', 'x', 'odd') }, 'internal-error'],
  ] as const) {
    const { body, pipe, sink } = open(undefined, 'response', 0);
    const stream = body.write();
    write(stream, 1);
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
    pipe.attach(sink);
    sink.now(state);
    expect(sink.aborted.map((failure) => failure.code.tag)).toEqual([tag]);
    expect(sink.finished).toEqual([]);
    expect(pipe.finished).toBe(false);
  }
});

test('a client that has gone closes the stream without an error', () => {
  const { body, pipe, sink } = open();
  pipe.attach(sink);
  const stream = body.write();
  sink.now({ room: undefined });
  expect(payloadOf(() => stream.checkWrite())).toEqual({ tag: 'closed' });
});

test('a body that nobody will take closes its stream and wakes its writer', async () => {
  const { body, pipe } = open();
  const stream = body.write();
  write(stream, ...new Uint8Array(1000));
  stream.checkWrite();
  stream.write(new Uint8Array(65536 - 1000));
  const wait = stream.subscribe().block();
  pipe.discard();
  await wait;
  expect(payloadOf(() => stream.checkWrite())).toEqual({ tag: 'closed' });
  stream[Symbol.dispose]();
  OutgoingBody.finish(body, undefined);
  expect(() => pipe.attach(new FakeBodySink())).toThrow(/once/);
});

test('a body is attached once', () => {
  const { pipe, sink } = open();
  pipe.attach(sink);
  expect(() => pipe.attach(new FakeBodySink())).toThrow(/once/);
});

test('waiting leaves nothing subscribed, whenever the sink came', async () => {
  const { body, pipe, sink } = open(undefined, 'response', 0);
  let subscribed = 0;
  const subscribe = sink.subscribe.bind(sink);
  sink.subscribe = (wake) => {
    subscribed++;
    const stop = subscribe(wake);
    return () => {
      subscribed--;
      stop();
    };
  };
  const stream = body.write();
  stream.checkWrite();
  stream.write(new Uint8Array(65536));
  const wait = stream.subscribe().block();
  pipe.attach(sink);
  expect(subscribed).toBe(2);
  sink.now({ room: 100_000 });
  await wait;
  expect(subscribed).toBe(0);
});
