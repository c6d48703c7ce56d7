import { expect, test } from 'vitest';
import type { WasiLimits } from '../instance.ts';
import { payloadOf, testInstance } from '../test-instance.ts';
import { HttpFailure } from './error-code.ts';
import type { HeaderList } from './header-list.ts';
import type { Method, Scheme } from './method.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { httpP2 } from './p2.ts';
import { FakeBody, FakeBodySink, fields, text } from './test-bodies.ts';
import { type IncomingExchange, type OutgoingExchange, SubrequestBudget } from './transport.ts';

interface Sent {
  readonly request: OutgoingExchange;
  readonly signal: AbortSignal;
  readonly resolve: (exchange: IncomingExchange) => void;
  readonly reject: (thrown: unknown) => void;
}

function open(limits: Partial<WasiLimits> = {}, budget?: SubrequestBudget) {
  const given = testInstance(limits);
  const sent: Sent[] = [];
  const transport = {
    send: (request: OutgoingExchange, signal: AbortSignal) =>
      new Promise<IncomingExchange>((resolve, reject) => {
        sent.push({ request, signal, resolve, reject });
      }),
  };
  const interfaces = httpP2(given.instance, { transport, budget });
  const handler = interfaces['wasi:http/outgoing-handler'];
  if (handler === undefined) throw new Error('no outgoing-handler');
  const types = interfaces['wasi:http/types'];
  const request = (list: HeaderList = [], authority: string | undefined = 'example.com') => {
    const made = new types.OutgoingRequest(types.Fields.fromList(list));
    made.setAuthority(authority);
    return made;
  };
  const last = (): Sent => {
    const found = sent.at(-1);
    if (found === undefined) throw new Error('nothing was sent');
    return found;
  };
  return { ...given, sent, last, types, request, handle: handler.handle };
}

const TRAPPED = expect.objectContaining({ code: 'guest-trapped' });
const settled = () => new Promise(setImmediate);

function response(body = new FakeBody(), list: HeaderList = [], status = 200): IncomingExchange {
  return { status, headers: list, body };
}

test('without a transport there is no outgoing-handler', () => {
  expect(Object.keys(httpP2(testInstance().instance, {}))).toEqual(['wasi:http/types']);
});

test('a new request is a GET of nothing', () => {
  const { types } = open();
  const made = new types.OutgoingRequest(new types.Fields());
  expect([made.method(), made.scheme(), made.authority(), made.pathWithQuery()]).toEqual([
    { tag: 'get' },
    undefined,
    undefined,
    undefined,
  ]);
});

test('what was set is what is sent', () => {
  const { handle, last, request, types } = open();
  const made = request(fields(['a', '1']), 'example.com:8080');
  made.setMethod({ tag: 'other', val: 'get' });
  made.setScheme({ tag: 'HTTP' });
  made.setPathWithQuery('/x?y');
  expect([made.method(), made.scheme(), made.authority(), made.pathWithQuery()]).toEqual([
    { tag: 'other', val: 'get' },
    { tag: 'HTTP' },
    'example.com:8080',
    '/x?y',
  ]);
  const options = new types.RequestOptions();
  options.setConnectTimeout(1n);
  options.setFirstByteTimeout(2_500_000n);
  options.setBetweenBytesTimeout(0n);
  expect([
    options.connectTimeout(),
    options.firstByteTimeout(),
    options.betweenBytesTimeout(),
  ]).toEqual([1n, 2_500_000n, 0n]);
  handle(made, options);
  expect(last().request).toMatchObject({
    method: 'get',
    scheme: 'http',
    authority: 'example.com:8080',
    pathWithQuery: '/x?y',
    body: undefined,
    timeouts: { connect: 1, firstByte: 3, betweenBytes: 1 },
  });
  expect(text(last().request.headers)).toEqual([['a', '1']]);
});

test('defaults: https, the root, no timeouts', () => {
  const { handle, last, request } = open();
  handle(request(), undefined);
  expect(last().request).toMatchObject({
    method: 'GET',
    scheme: 'https',
    pathWithQuery: '/',
    timeouts: { connect: undefined, firstByte: undefined, betweenBytes: undefined },
  });
  const query = request();
  query.setPathWithQuery('?q');
  handle(query, undefined);
  expect(last().request.pathWithQuery).toBe('/?q');
});

test('the longest timeout is a number, not nothing', () => {
  const { handle, last, request, types } = open();
  const options = new types.RequestOptions();
  options.setConnectTimeout(2n ** 64n - 1n);
  handle(request(), options);
  expect(last().request.timeouts.connect).toBeCloseTo(18_446_744_073_709.55, -3);
});

test('setters refuse what is not valid, and keep what was', () => {
  const made = open().request();
  expect(payloadOf(() => made.setMethod({ tag: 'other', val: 'GET /' }))).toBeUndefined();
  expect(payloadOf(() => made.setPathWithQuery('/a\r\nb'))).toBeUndefined();
  expect(payloadOf(() => made.setScheme({ tag: 'other', val: '1' }))).toBeUndefined();
  expect(payloadOf(() => made.setAuthority('a/b'))).toBeUndefined();
  expect([made.method(), made.pathWithQuery(), made.scheme(), made.authority()]).toEqual([
    { tag: 'get' },
    undefined,
    undefined,
    'example.com',
  ]);
  made.setAuthority(undefined);
  expect(made.authority()).toBeUndefined();
});

const REFUSED: [string, (made: OutgoingRequest) => void, unknown][] = [
  ['no authority', (made) => made.setAuthority(undefined), { tag: 'HTTP-request-URI-invalid' }],
  [
    'userinfo',
    (made) => made.setAuthority('example.com@evil.test'),
    { tag: 'HTTP-request-URI-invalid' },
  ],
  [
    'no such port',
    (made) => made.setAuthority('example.com:99999'),
    { tag: 'HTTP-request-URI-invalid' },
  ],
  [
    'CONNECT',
    (made) => made.setMethod({ tag: 'connect' } satisfies Method),
    { tag: 'HTTP-request-method-invalid' },
  ],
  [
    'CONNECT by another name',
    (made) => made.setMethod({ tag: 'other', val: 'CONNECT' }),
    { tag: 'HTTP-request-method-invalid' },
  ],
  [
    'another scheme',
    (made) => made.setScheme({ tag: 'other', val: 'ftp' } satisfies Scheme),
    { tag: 'HTTP-protocol-error' },
  ],
  ['* without OPTIONS', (made) => made.setPathWithQuery('*'), { tag: 'HTTP-request-URI-invalid' }],
];

test.each(REFUSED)('handle refuses %s and sends nothing', (_, spoil, code) => {
  const { handle, instance, request, sent } = open();
  const made = request();
  spoil(made);
  expect(payloadOf(() => handle(made, undefined))).toEqual(code);
  expect(sent).toEqual([]);
  expect(instance.handles).toBe(0);
});

test('handle refuses a content-length that is not one number', () => {
  const { handle, request, sent } = open();
  const made = request(fields(['content-length', '1'], ['content-length', '2']));
  expect(payloadOf(() => made.body())).toBeUndefined();
  expect(payloadOf(() => handle(made, undefined))).toEqual({
    tag: 'HTTP-request-body-size',
    val: undefined,
  });
  expect(sent).toEqual([]);
});

test('a request refused closes the body that was had from it', () => {
  const { handle, request } = open();
  const made = request();
  const stream = made.body().write();
  made.setAuthority(undefined);
  expect(payloadOf(() => handle(made, undefined))).toMatchObject({
    tag: 'HTTP-request-URI-invalid',
  });
  expect(payloadOf(() => stream.checkWrite())).toEqual({ tag: 'closed' });
});

test('a request whose headers are still held cannot be sent', () => {
  const { handle, request } = open();
  const made = request();
  const headers = made.headers();
  expect(payloadOf(() => headers.append('x', new Uint8Array(0)))).toEqual({ tag: 'immutable' });
  expect(() => handle(made, undefined)).toThrow(TRAPPED);
});

test('requests over the limit are denied, and logged once', () => {
  const { denials, handle, request, sent } = open({ subrequests: 2 });
  handle(request(), undefined);
  handle(request(), undefined);
  for (let more = 0; more < 3; more++) {
    expect(payloadOf(() => handle(request(), undefined))).toEqual({ tag: 'HTTP-request-denied' });
  }
  expect(sent).toHaveLength(2);
  expect(denials).toEqual([
    {
      capability: 'http',
      what: 'more than 2 outgoing requests',
      fix: expect.stringContaining('limits.subrequests'),
    },
  ]);
});

test('a budget can be renewed for the next request that an instance serves', () => {
  const budget = new SubrequestBudget(1);
  const { handle, request, sent } = open({}, budget);
  handle(request(), undefined);
  expect(payloadOf(() => handle(request(), undefined))).toEqual({ tag: 'HTTP-request-denied' });
  budget.reset();
  handle(request(), undefined);
  expect(sent).toHaveLength(2);
});

test('the body goes out while the response is awaited', () => {
  const { handle, last, request, types } = open();
  const made = request(fields(['content-length', '2']));
  const body = made.body();
  const stream = body.write();
  stream.checkWrite();
  stream.write(Uint8Array.of(1));
  handle(made, undefined);
  const sink = new FakeBodySink();
  expect(last().request.body?.contentLength).toBe(2n);
  last().request.body?.attach(sink);
  stream.checkWrite();
  stream.write(Uint8Array.of(2));
  stream[Symbol.dispose]();
  types.OutgoingBody.finish(body, undefined);
  expect(sink.written).toEqual([1, 2]);
  expect(sink.finished).toHaveLength(1);
});

test('the response comes once', async () => {
  const { handle, last, request } = open();
  const future = handle(request(), undefined);
  expect(future.get()).toBeUndefined();
  const pollable = future.subscribe();
  expect(pollable.ready()).toBe(false);
  const wait = pollable.block();
  last().resolve(response(new FakeBody(), fields(['a', '1'], ['Connection', 'close']), 404));
  await wait;
  const got = future.get();
  if (got?.tag !== 'ok' || got.val.tag !== 'ok') throw new Error('no response');
  expect(got.val.val.status()).toBe(404);
  expect(text(got.val.val.headers().entries())).toEqual([['a', '1']]);
  expect(future.get()).toEqual({ tag: 'err', val: undefined });
  future[Symbol.dispose]();
  expect(last().signal.aborted).toBe(false);
});

test('a typed failure is given once, and closes a body that was never taken', async () => {
  const { handle, last, request } = open();
  const made = request();
  const stream = made.body().write();
  const future = handle(made, undefined);
  last().reject(
    new HttpFailure({ tag: 'DNS-error', val: { rcode: 'NXDOMAIN', infoCode: undefined } }),
  );
  await settled();
  expect(payloadOf(() => stream.checkWrite())).toEqual({ tag: 'closed' });
  const code = { tag: 'DNS-error', val: { rcode: 'NXDOMAIN', infoCode: undefined } };
  expect(future.get()).toEqual({ tag: 'ok', val: { tag: 'err', val: code } });
  expect(future.get()).toEqual({ tag: 'err', val: undefined });
});

test('a transport that breaks its contract traps the guest instead of being hidden', async () => {
  const { handle, last, request } = open();
  const future = handle(request(), undefined);
  const bug = new TypeError('bug');
  last().reject(bug);
  await settled();
  expect(() => future.get()).toThrow(bug);
});

test('response headers over the limit are an error, and free the exchange', async () => {
  const { handle, last, request } = open({ headers: 64 });
  const future = handle(request(), undefined);
  const body = new FakeBody();
  last().resolve(response(body, fields(['a', 'x'.repeat(100)])));
  await settled();
  expect(future.get()).toEqual({
    tag: 'ok',
    val: { tag: 'err', val: { tag: 'HTTP-response-header-section-size', val: 133 } },
  });
  expect(body.closed).toBe(1);
  expect(last().signal.aborted).toBe(true);
});

test('dropping the future before the response aborts the exchange; a late response is closed', async () => {
  const { handle, last, request } = open();
  handle(request(), undefined)[Symbol.dispose]();
  expect(last().signal.aborted).toBe(true);
  const body = new FakeBody();
  last().resolve(response(body));
  await settled();
  expect(body.closed).toBe(1);
});

test('dropping a future whose response nobody took frees it', async () => {
  const { handle, last, request } = open();
  const future = handle(request(), undefined);
  const body = new FakeBody();
  last().resolve(response(body));
  await settled();
  future[Symbol.dispose]();
  expect([body.closed, last().signal.aborted]).toEqual([1, true]);
});

async function received(list: HeaderList = []) {
  const given = open();
  const future = given.handle(given.request(), undefined);
  const body = new FakeBody();
  given.last().resolve(response(body, list));
  await settled();
  const got = future.get();
  if (got?.tag !== 'ok' || got.val.tag !== 'ok') throw new Error('no response');
  future[Symbol.dispose]();
  return { ...given, body, response: got.val.val };
}

test('dropping a response unread aborts the exchange, and so does dropping its body', async () => {
  const first = await received();
  first.response[Symbol.dispose]();
  expect([first.body.closed, first.last().signal.aborted]).toEqual([1, true]);
  const second = await received();
  const body = second.response.consume();
  expect(payloadOf(() => second.response.consume())).toBeUndefined();
  second.response[Symbol.dispose]();
  expect(second.last().signal.aborted).toBe(false);
  body[Symbol.dispose]();
  expect([second.body.closed, second.last().signal.aborted]).toEqual([1, true]);
});

test('a response read to its end leaves the connection alone', async () => {
  const given = await received();
  const body = given.response.consume();
  const stream = body.stream();
  given.body.push(1);
  given.body.end();
  expect(stream.read(10n)).toEqual(Uint8Array.of(1));
  expect(payloadOf(() => stream.read(10n))).toEqual({ tag: 'closed' });
  stream[Symbol.dispose]();
  body[Symbol.dispose]();
  expect([given.body.closed, given.last().signal.aborted]).toEqual([1, false]);
});

test('the end of the instance aborts what is under way', async () => {
  const waiting = open();
  const future = waiting.handle(waiting.request(), undefined);
  const wait = future.subscribe().block();
  waiting.instance.end();
  await expect(wait).rejects.toMatchObject({ code: 'instance-ended' });
  expect(waiting.last().signal.aborted).toBe(true);
  expect(() => future.get()).toThrow(/ended/);
  const reading = await received();
  reading.response.consume().stream();
  reading.instance.end();
  expect([reading.body.closed, reading.last().signal.aborted]).toEqual([1, true]);
  expect(reading.instance.handles).toBe(0);
  expect(() => reading.handle(reading.request(), undefined)).toThrow(/ended/);
});
