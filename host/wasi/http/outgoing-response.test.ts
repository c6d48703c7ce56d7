import { expect, test } from 'vitest';
import { payloadOf, testInstance } from '../test-instance.ts';
import type { ErrorCode } from './error-code.ts';
import type { HeaderList } from './header-list.ts';
import type { ResponseStart } from './outgoing-response.ts';
import { ResponseOutparam } from './outgoing-response.ts';
import { httpP2 } from './p2.ts';
import { FakeBodySink, fields, text } from './test-bodies.ts';

function open(informational = false) {
  const { instance } = testInstance();
  const types = httpP2(instance, {})['wasi:http/types'];
  const answers: (ResponseStart | { readonly error: ErrorCode })[] = [];
  const hints: [number, HeaderList][] = [];
  let dropped = 0;
  const param = new ResponseOutparam(instance, {
    respond: (answer) => answers.push(answer),
    dropped: () => dropped++,
    ...(informational
      ? { informational: (status: number, list: HeaderList) => hints.push([status, list]) }
      : {}),
  });
  const response = (list: HeaderList = []) =>
    new types.OutgoingResponse(types.Fields.fromList(list));
  return { instance, types, param, answers, hints, response, dropped: () => dropped };
}

const TRAPPED = expect.objectContaining({ code: 'guest-trapped' });

test('a response has status 200 and the headers it was made with', () => {
  const { response, instance } = open();
  const given = response(fields(['a', '1']));
  expect(given.statusCode()).toBe(200);
  const headers = given.headers();
  expect(text(headers.entries())).toEqual([['a', '1']]);
  expect(payloadOf(() => headers.set('a', []))).toEqual({ tag: 'immutable' });
  // The fields it was made with have gone over to it.
  expect(instance.handles).toBe(3);
});

test('set hands the response over once', () => {
  const { answers, dropped, instance, param, response } = open();
  const given = response(fields(['a', '1']));
  given.setStatusCode(418);
  ResponseOutparam.set(param, { tag: 'ok', val: given });
  expect(answers).toMatchObject([{ status: 418, body: undefined }]);
  expect(text((answers[0] as ResponseStart).headers)).toEqual([['a', '1']]);
  expect(() => ResponseOutparam.set(param, { tag: 'err', val: { tag: 'loop-detected' } })).toThrow(
    TRAPPED,
  );
  param[Symbol.dispose]();
  instance.end();
  expect([answers.length, dropped()]).toEqual([1, 0]);
  expect(instance.handles).toBe(0);
});

test('the body may be had before set and written after it', () => {
  const { answers, param, response, types } = open();
  const given = response();
  const body = given.body();
  expect(payloadOf(() => given.body())).toBeUndefined();
  const stream = body.write();
  ResponseOutparam.set(param, { tag: 'ok', val: given });
  const sink = new FakeBodySink();
  (answers[0] as ResponseStart).body?.attach(sink);
  stream.checkWrite();
  stream.write(Uint8Array.of(1));
  stream[Symbol.dispose]();
  types.OutgoingBody.finish(body, undefined);
  expect(sink.written).toEqual([1]);
  expect(sink.finished).toHaveLength(1);
});

test('set with an error hands that over', () => {
  const { answers, param } = open();
  ResponseOutparam.set(param, { tag: 'err', val: { tag: 'internal-error', val: 'no' } });
  expect(answers).toEqual([{ error: { tag: 'internal-error', val: 'no' } }]);
});

test('dropping the outparam, or the end of the instance, is no answer', () => {
  const first = open();
  first.param[Symbol.dispose]();
  first.instance.end();
  expect([first.dropped(), first.answers.length]).toEqual([1, 0]);
  const second = open();
  second.instance.end();
  expect(second.dropped()).toBe(1);
  expect(() =>
    ResponseOutparam.set(second.param, { tag: 'err', val: { tag: 'loop-detected' } }),
  ).toThrow(/ended/);
  expect(second.answers).toEqual([]);
});

test.each([0, 42, 99, 600, 1000, 65535])('status %d is none', (status) => {
  const given = open().response();
  expect(payloadOf(() => given.setStatusCode(status))).toBeUndefined();
  expect(given.statusCode()).toBe(200);
});

test.each([100, 103, 199])('status %d can be set, but is no final answer', (status) => {
  const { answers, param, response } = open();
  const given = response();
  given.setStatusCode(status);
  const body = given.body();
  const stream = body.write();
  ResponseOutparam.set(param, { tag: 'ok', val: given });
  expect(answers).toMatchObject([{ error: { tag: 'internal-error' } }]);
  expect(payloadOf(() => stream.checkWrite())).toEqual({ tag: 'closed' });
});

test('a content-length that is not one number is refused by body and by set', () => {
  for (const list of [
    fields(['Content-Length', '1x']),
    fields(['content-length', '1'], ['content-length', '1']),
  ]) {
    const { answers, param, response } = open();
    const given = response(list);
    expect(payloadOf(() => given.body())).toBeUndefined();
    ResponseOutparam.set(param, { tag: 'ok', val: given });
    expect(answers).toMatchObject([{ error: { tag: 'internal-error' } }]);
  }
});

test('the declared length holds for the body', () => {
  const { answers, param, response, types } = open();
  const given = response(fields(['content-length', '1']));
  const body = given.body();
  ResponseOutparam.set(param, { tag: 'ok', val: given });
  expect((answers[0] as ResponseStart).body?.contentLength).toBe(1n);
  expect(payloadOf(() => types.OutgoingBody.finish(body, undefined))).toEqual({
    tag: 'HTTP-response-body-size',
    val: 0n,
  });
});

test('a response whose headers are still held cannot be dropped or sent', () => {
  const { param, response } = open();
  const given = response();
  const headers = given.headers();
  expect(() => given[Symbol.dispose]()).toThrow(TRAPPED);
  expect(() => ResponseOutparam.set(param, { tag: 'ok', val: given })).toThrow(TRAPPED);
  headers[Symbol.dispose]();
  ResponseOutparam.set(param, { tag: 'ok', val: given });
});

test('headers of another message can be handed on, still held by nobody', () => {
  const { response, types } = open();
  const first = response(fields(['a', '1']));
  const second = new types.OutgoingResponse(first.headers());
  first[Symbol.dispose]();
  expect(text(second.headers().entries())).toEqual([['a', '1']]);
});

test('a response that is dropped takes its body with it', () => {
  const { response } = open();
  const given = response();
  const stream = given.body().write();
  given[Symbol.dispose]();
  expect(payloadOf(() => stream.checkWrite())).toEqual({ tag: 'closed' });
});

test('informational responses go out before the answer, where the receiver can', () => {
  const { hints, instance, param, types } = open(true);
  param.sendInformational(103, types.Fields.fromList(fields(['link', '</a>'])));
  expect(hints.map(([status, list]) => [status, text(list)])).toEqual([[103, [['link', '</a>']]]]);
  for (const status of [99, 101, 200]) {
    expect(payloadOf(() => param.sendInformational(status, new types.Fields()))).toEqual({
      tag: 'HTTP-protocol-error',
    });
  }
  expect(hints).toHaveLength(1);
  expect(instance.handles).toBe(1);
  const other = open();
  expect(
    payloadOf(() => other.param.sendInformational(103, new other.types.Fields())),
  ).toMatchObject({ tag: 'internal-error' });
});
