import { describe, expect, it } from 'vitest';
import { WasiError } from '../../errors.ts';
import type { GuestStream } from '../../io/index.ts';
import { testInstance } from '../../test-instance.ts';
import { HttpFailure } from '../error-code.ts';
import { Fields } from '../fields.ts';
import { FakeBody, FakeBodySink, fields, text } from '../test-bodies.ts';
import { httpP3, RequestP3, ResponseP3 } from './index.ts';

const head = {
  method: 'POST',
  scheme: 'http',
  authority: 'a.example',
  pathWithQuery: '/p?q',
  headers: fields(['x-a', '1'], ['connection', 'close'], ['x-a', '2']),
};
const never = new Promise<never>(() => {});
const OK = { tag: 'ok', val: undefined } as const;

function streamOf(...chunks: number[][]): GuestStream & { disposed: number } {
  const stream = {
    disposed: 0,
    async read() {
      const value = chunks.shift();
      return value === undefined ? { done: true } : { value };
    },
    [Symbol.dispose]() {
      stream.disposed += 1;
    },
  };
  return stream;
}

function payload(act: () => unknown): unknown {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof WasiError) return thrown.payload;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe("a client's request", () => {
  function received() {
    const { instance } = testInstance();
    const body = new FakeBody();
    return { instance, body, request: RequestP3.receive(instance, head, body) };
  }

  it('says what it is, without what guests may not see, and cannot be changed', () => {
    const { request } = received();
    expect([
      request.getMethod(),
      request.getScheme(),
      request.getAuthority(),
      request.getPathWithQuery(),
    ]).toEqual([{ tag: 'post' }, { tag: 'HTTP' }, 'a.example', '/p?q']);
    expect(text(request.getHeaders().copyAll())).toEqual([
      ['x-a', '1'],
      ['x-a', '2'],
    ]);
    expect(payload(() => request.getHeaders().append('x-b', new Uint8Array()))).toEqual({
      tag: 'immutable',
    });
    expect(() => request.setMethod({ tag: 'get' })).toThrow(WasiError);
    expect(request.getOptions()).toBeUndefined();
  });

  it('gives body and trailers, and is closed once when it is over', async () => {
    const { instance, body, request } = received();
    const [contents, trailers] = RequestP3.consumeBody(request, never);
    body.push(1, 2);
    expect((await contents.next()).value).toEqual(Uint8Array.of(1, 2));
    body.trailerFields = fields(['x-sum', '3']);
    body.end();
    expect((await contents.next()).done).toBe(true);
    const given = await trailers;
    expect(given.tag === 'ok' && text(given.val?.copyAll() ?? [])).toEqual([['x-sum', '3']]);
    request.release();
    request.release();
    expect(body.closed).toBe(1);
    instance.end();
    expect(body.closed).toBe(1);
  });

  it('throws the rest of the body away for the trailers, but only when they are asked for', async () => {
    const { body, request } = received();
    const [contents, trailers] = RequestP3.consumeBody(request, never);
    await contents.return();
    body.push(1);
    body.end();
    expect(body.chunks).toHaveLength(1);
    expect(await trailers).toEqual(OK);
    expect(body.chunks).toHaveLength(0);
  });

  it('ends the stream where the body breaks off, and says why in place of trailers', async () => {
    const { body, request } = received();
    const [contents, trailers] = RequestP3.consumeBody(request, never);
    body.fail(new HttpFailure({ tag: 'connection-terminated' }));
    expect((await contents.next()).done).toBe(true);
    expect(await trailers).toEqual({ tag: 'err', val: { tag: 'connection-terminated' } });
  });

  it('is at its end for a guest that reads on after it was over', async () => {
    const { body, request } = received();
    const [contents, trailers] = RequestP3.consumeBody(request, never);
    request.release();
    body.push(1);
    expect((await contents.next()).done).toBe(true);
    expect(await trailers).toEqual({ tag: 'err', val: { tag: 'connection-terminated' } });
  });

  it('closes the body of a request that was dropped unread', () => {
    const { body, request } = received();
    request[Symbol.dispose]();
    expect(body.closed).toBe(1);
  });
});

describe("a guest's response", () => {
  function made(
    headers: [string, string][],
    contents: GuestStream | undefined,
    trailers: unknown = Promise.resolve(OK),
  ) {
    const { instance } = testInstance();
    const types = httpP3(instance)['wasi:http/types@0.3'];
    const [response, sent] = types.Response.new(
      types.Fields.fromList(fields(...headers)),
      contents,
      trailers as Promise<typeof OK>,
    );
    return { instance, types, response, sent };
  }

  it('is sent with its body, its trailers last, and the guest is told', async () => {
    const { instance } = testInstance();
    const trailers = Fields.create(instance, fields(['x-sum', '3']));
    const { response, sent } = made(
      [['x-a', '1']],
      streamOf([1], [2, 3]),
      Promise.resolve({ tag: 'ok', val: trailers }),
    );
    response.setStatusCode(201);
    const { status, headers, transfer } = response.send();
    const sink = new FakeBodySink();
    transfer?.body.attach(sink);
    expect(await transfer?.done).toBeUndefined();
    expect([status, text(headers), sink.written]).toEqual([201, [['x-a', '1']], [1, 2, 3]]);
    expect(sink.finished.map((each) => text(each.trailers ?? []))).toEqual([[['x-sum', '3']]]);
    expect(await sent).toEqual(OK);
  });

  it.each([
    [
      'an error in place of trailers',
      [],
      { tag: 'err', val: { tag: 'configuration-error' } },
      'configuration-error',
    ],
    ['a body shorter than declared', [['content-length', '9']], OK, 'HTTP-response-body-size'],
  ] as const)('with %s is aborted', async (_what, headers, trailers, tag) => {
    const given = headers.map(([name, value]): [string, string] => [name, value]);
    const { response, sent } = made(given, streamOf([1]), Promise.resolve(trailers));
    const { transfer } = response.send();
    const sink = new FakeBodySink();
    transfer?.body.attach(sink);
    expect((await transfer?.done)?.code.tag).toBe(tag);
    expect([sink.finished, sink.aborted.map(({ code }) => code.tag)]).toEqual([[], [tag]]);
    expect(await sent).toMatchObject({ tag: 'err', val: { tag } });
  });

  it('that nobody takes any more closes the stream of the guest', async () => {
    const contents = streamOf([1]);
    const { response } = made([], contents, never);
    const { transfer } = response.send();
    const sink = new FakeBodySink(0);
    transfer?.body.attach(sink);
    transfer?.cancel();
    expect((await transfer?.done)?.code.tag).toBe('connection-terminated');
    expect([contents.disposed > 0, sink.aborted.length]).toEqual([true, 1]);
  });

  it('without contents has no body to send', async () => {
    const { response, sent } = made([], undefined);
    expect(response.send().transfer).toBeUndefined();
    expect(await sent).toEqual(OK);
  });

  it('that is dropped tells the guest so, and closes its stream', async () => {
    const contents = streamOf([1]);
    const { response, sent } = made([], contents);
    response[Symbol.dispose]();
    expect([await sent, contents.disposed]).toEqual([
      { tag: 'err', val: { tag: 'connection-terminated' } },
      1,
    ]);
  });

  it('can be read by the guest itself', async () => {
    const { response } = made([], streamOf([1], [2]));
    const [contents, trailers] = ResponseP3.consumeBody(response, never);
    const bytes: number[] = [];
    for (let next = await contents.next(); next.done !== true; next = await contents.next())
      bytes.push(...next.value);
    expect([bytes, await trailers]).toEqual([[1, 2], OK]);
  });

  it.each([99, 100, 199, 600])('does not take the status %d', (status) => {
    expect(() => made([], undefined).response.setStatusCode(status)).toThrow(WasiError);
  });

  it('with a content-length that is no number is refused', () => {
    const { response } = made([['content-length', 'x']], streamOf());
    expect(payload(() => response.send())).toMatchObject({ tag: 'internal-error' });
  });
});

describe('fields', () => {
  it('over the limits are the error that 0.3 has for it', () => {
    const { instance } = testInstance({ headerCount: 2 });
    const { Fields: Bound } = httpP3(instance)['wasi:http/types@0.3'];
    const three = fields(['a', '1'], ['b', '2'], ['c', '3']);
    expect(payload(() => Bound.fromList(three))).toEqual({ tag: 'size-exceeded' });
    const two = Bound.fromList(three.slice(0, 2));
    expect(payload(() => two.clone().append('c', new Uint8Array()))).toEqual({
      tag: 'size-exceeded',
    });
  });

  it('give what they delete', () => {
    const { Fields: Bound } = httpP3(testInstance().instance)['wasi:http/types@0.3'];
    const made = Bound.fromList(fields(['a', '1'], ['B', '2'], ['A', '3']));
    expect(made.getAndDelete('a').map(String)).toEqual(['49', '51']);
    expect(text(made.copyAll())).toEqual([['B', '2']]);
  });
});

describe("a guest's request", () => {
  it('keeps its target and its options, which are not changed afterwards', () => {
    const { instance } = testInstance();
    const types = httpP3(instance)['wasi:http/types@0.3'];
    const options = new types.RequestOptions();
    options.setConnectTimeout(5n);
    const [request] = types.Request.new(
      types.Fields.fromList([]),
      undefined,
      Promise.resolve(OK),
      options,
    );
    request.setMethod({ tag: 'other', val: 'PURGE' });
    request.setAuthority('b.example:8080');
    request.setPathWithQuery('/x');
    request.setScheme({ tag: 'HTTPS' });
    expect([
      request.getMethod(),
      request.getAuthority(),
      request.getPathWithQuery(),
      request.getScheme(),
    ]).toEqual([{ tag: 'other', val: 'PURGE' }, 'b.example:8080', '/x', { tag: 'HTTPS' }]);
    expect(request.getOptions()?.getConnectTimeout()).toBe(5n);
    expect(payload(() => request.getOptions()?.setConnectTimeout(1n))).toEqual({
      tag: 'immutable',
    });
    expect(() => request.setMethod({ tag: 'other', val: 'no token' })).toThrow(WasiError);
    expect(() => request.setPathWithQuery('no path')).toThrow(WasiError);
    expect(() => request.setAuthority('a b')).toThrow(WasiError);
  });
});
