import { expect, test } from 'vitest';
import { StreamFailure } from '../io/index.ts';
import type { WasiLimits } from '../instance.ts';
import { payloadOf, testInstance } from '../test-instance.ts';
import { HttpFailure, httpErrorCode } from './error-code.ts';
import type { Fields } from './fields.ts';
import { type FutureTrailers, IncomingBody } from './incoming-body.ts';
import { IncomingRequest, type IncomingRequestHead } from './incoming-request.ts';
import { FakeBody, fields, text } from './test-bodies.ts';

function open(head: Partial<IncomingRequestHead> = {}, limits: Partial<WasiLimits> = {}) {
  const given = testInstance(limits);
  const body = new FakeBody();
  const request = new IncomingRequest(
    given.instance,
    {
      method: 'GET',
      scheme: 'http',
      authority: 'example.com',
      pathWithQuery: '/x?y',
      headers: fields(['a', '1']),
      ...head,
    },
    body,
  );
  return { ...given, body, request };
}

const TRAPPED = expect.objectContaining({ code: 'guest-trapped' });

test('the head is what came in', () => {
  const { request } = open();
  expect(request.method()).toEqual({ tag: 'get' });
  expect(request.scheme()).toEqual({ tag: 'HTTP' });
  expect(request.authority()).toBe('example.com');
  expect(request.pathWithQuery()).toBe('/x?y');
  expect(text(request.headers().entries())).toEqual([['a', '1']]);
  expect(open({ scheme: 'https', authority: undefined }).request.scheme()).toEqual({
    tag: 'HTTPS',
  });
  expect(open({ authority: undefined }).request.authority()).toBeUndefined();
});

test.each([
  ['POST', { tag: 'post' }],
  ['CONNECT', { tag: 'connect' }],
  ['get', { tag: 'other', val: 'get' }],
  ['PROPFIND', { tag: 'other', val: 'PROPFIND' }],
  ["M-SEARCH!#$%&'*+.^_`|~", { tag: 'other', val: "M-SEARCH!#$%&'*+.^_`|~" }],
])('method %s keeps its case', (method, expected) => {
  expect(open({ method }).request.method()).toEqual(expected);
});

test('headers are immutable, without what belongs to the connection, and read only when asked for', () => {
  const { instance } = testInstance();
  let read = 0;
  const head: IncomingRequestHead = {
    method: 'GET',
    scheme: 'http',
    authority: undefined,
    pathWithQuery: '/',
    get headers() {
      read++;
      return fields(
        ['Host', 'x'],
        ['Connection', 'close'],
        ['Cookie', 'a'],
        ['cookie', 'b'],
        ['transfer-encoding', 'chunked'],
      );
    },
  };
  const request = new IncomingRequest(instance, head, new FakeBody());
  request.method();
  expect(read).toBe(0);
  const headers = request.headers();
  request.headers();
  expect(read).toBe(1);
  expect(text(headers.entries())).toEqual([
    ['Cookie', 'a'],
    ['cookie', 'b'],
  ]);
  expect(payloadOf(() => headers.append('x', new Uint8Array(0)))).toEqual({ tag: 'immutable' });
});

test('a request dropped before its headers traps, and not once the instance has ended', () => {
  const { instance, request } = open();
  const headers = request.headers();
  expect(() => request[Symbol.dispose]()).toThrow(TRAPPED);
  headers[Symbol.dispose]();
  request[Symbol.dispose]();
  const other = open();
  other.request.headers();
  other.instance.end();
  expect(other.instance.handles).toBe(0);
  expect(instance.handles).toBe(0);
});

test('the body is given once; an unwanted one is closed', () => {
  const { body, request } = open();
  request[Symbol.dispose]();
  expect(body.closed).toBe(1);
  const other = open();
  const consumed = other.request.consume();
  expect(payloadOf(() => other.request.consume())).toBeUndefined();
  other.request[Symbol.dispose]();
  expect(other.body.closed).toBe(0);
  consumed[Symbol.dispose]();
  expect(other.body.closed).toBe(1);
});

test('the stream is given once, and must be dropped before its body', () => {
  const { body, request } = open();
  const consumed = request.consume();
  const stream = consumed.stream();
  expect(payloadOf(() => consumed.stream())).toBeUndefined();
  expect(() => consumed[Symbol.dispose]()).toThrow(TRAPPED);
  expect(() => IncomingBody.finish(consumed)).toThrow(TRAPPED);
  body.push(1, 2);
  expect(stream.read(1n)).toEqual(Uint8Array.of(1));
  stream[Symbol.dispose]();
  expect(body.closed).toBe(0);
  consumed[Symbol.dispose]();
  expect(body.closed).toBe(1);
});

/** Finishes the body unread. */
function finish(body: FakeBody, request: IncomingRequest): FutureTrailers {
  const future = IncomingBody.finish(request.consume());
  expect(body.closed).toBe(0);
  return future;
}

/** Finishes the body after its end was read. */
function finishRead(body: FakeBody, request: IncomingRequest): FutureTrailers {
  const consumed = request.consume();
  const stream = consumed.stream();
  expect(payloadOf(() => stream.read(10n))).toEqual({ tag: 'closed' });
  stream[Symbol.dispose]();
  const future = IncomingBody.finish(consumed);
  expect(body.closed).toBe(0);
  return future;
}

test('trailers are given once, after the end, immutable and without what is forbidden', () => {
  const { body, request, instance } = open();
  body.trailerFields = fields(['x-sum', '7'], ['Connection', 'x']);
  body.end();
  const future = finishRead(body, request);
  expect(future.subscribe().ready()).toBe(true);
  const given = future.get() as { tag: 'ok'; val: { tag: 'ok'; val: Fields } };
  expect([given.tag, given.val.tag]).toEqual(['ok', 'ok']);
  expect(text(given.val.val.entries())).toEqual([['x-sum', '7']]);
  expect(payloadOf(() => given.val.val.delete('x-sum'))).toEqual({ tag: 'immutable' });
  expect(future.get()).toEqual({ tag: 'err', val: undefined });
  future[Symbol.dispose]();
  expect(body.closed).toBe(1);
  instance.end();
  expect(body.closed).toBe(1);
});

test('a body without trailers has none', () => {
  const { body, request } = open();
  body.end();
  expect(finishRead(body, request).get()).toEqual({
    tag: 'ok',
    val: { tag: 'ok', val: undefined },
  });
});

test('who waits for trailers throws the rest of the body away, as it comes', async () => {
  const { body, request } = open({}, { copy: 16 });
  body.push(...new Uint8Array(100));
  const future = finish(body, request);
  expect(future.get()).toBeUndefined();
  expect(body.chunks).toEqual([]);
  const wait = future.subscribe().block();
  body.push(2);
  body.trailerFields = fields(['t', '1']);
  body.end();
  await wait;
  expect(future.get()).toMatchObject({ tag: 'ok', val: { tag: 'ok' } });
});

test('a body that breaks off fails the stream with a typed code, and then the trailers', () => {
  const { body, request } = open();
  const consumed = request.consume();
  const stream = consumed.stream();
  body.fail(new HttpFailure({ tag: 'HTTP-request-body-size', val: 5n }));
  const payload = payloadOf(() => stream.read(1n)) as { val: Parameters<typeof httpErrorCode>[0] };
  expect(httpErrorCode(payload.val)).toEqual({ tag: 'HTTP-request-body-size', val: 5n });
  stream[Symbol.dispose]();
  const future = IncomingBody.finish(consumed);
  expect(future.get()).toEqual({
    tag: 'ok',
    val: { tag: 'err', val: { tag: 'HTTP-request-body-size', val: 5n } },
  });
  expect(future.get()).toEqual({ tag: 'err', val: undefined });
});

test('a body that breaks off while its trailers are waited for fails them', async () => {
  const { body, request } = open();
  const future = finish(body, request);
  const wait = future.subscribe().block();
  body.fail(new HttpFailure({ tag: 'connection-terminated' }));
  await wait;
  expect(future.get()).toEqual({
    tag: 'ok',
    val: { tag: 'err', val: { tag: 'connection-terminated' } },
  });
});

test('a failure of another kind becomes an internal error, a fault of the host a trap', () => {
  const first = open();
  first.body.fail(new StreamFailure('io', 'x', 'odd'));
  expect(finish(first.body, first.request).get()).toMatchObject({
    val: { val: { tag: 'internal-error', val: 'odd' } },
  });
  const second = open();
  second.body.push(1);
  const bug = new TypeError('bug');
  second.body.read = () => {
    throw bug;
  };
  expect(() => finish(second.body, second.request).get()).toThrow(bug);
});

test('trailers over the limit are an error', () => {
  const { body, request } = open({}, { headers: 40 });
  body.trailerFields = fields(['t', 'x'.repeat(50)]);
  body.end();
  expect(finishRead(body, request).get()).toEqual({
    tag: 'ok',
    val: { tag: 'err', val: { tag: 'HTTP-request-trailer-section-size', val: 83 } },
  });
});

test('the end of the instance closes the body once, whoever holds it', () => {
  for (const hold of [
    () => {},
    (request: IncomingRequest) => request.consume(),
    (request: IncomingRequest) => request.consume().stream(),
    (request: IncomingRequest) => IncomingBody.finish(request.consume()).subscribe(),
  ]) {
    const { body, instance, request } = open();
    hold(request);
    instance.end();
    expect(body.closed).toBe(1);
    expect(instance.handles).toBe(0);
  }
});
