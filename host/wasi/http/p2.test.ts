import { expect, test } from 'vitest';
import { IoError, StreamFailure } from '../io/index.ts';
import { testInstance } from '../test-instance.ts';
import { HttpFailure } from './error-code.ts';
import { Fields } from './fields.ts';
import { httpP2 } from './p2.ts';

/** Every resource of wasi:http/types 0.2.12 with its methods and statics, in the binder's spelling. */
const RESOURCES = {
  Fields: ['get', 'has', 'set', 'delete', 'append', 'entries', 'clone', 'static fromList'],
  IncomingRequest: ['method', 'pathWithQuery', 'scheme', 'authority', 'headers', 'consume'],
  OutgoingRequest: [
    'body',
    'method',
    'setMethod',
    'pathWithQuery',
    'setPathWithQuery',
    'scheme',
    'setScheme',
    'authority',
    'setAuthority',
    'headers',
  ],
  RequestOptions: [
    'connectTimeout',
    'setConnectTimeout',
    'firstByteTimeout',
    'setFirstByteTimeout',
    'betweenBytesTimeout',
    'setBetweenBytesTimeout',
  ],
  ResponseOutparam: ['sendInformational', 'static set'],
  IncomingResponse: ['status', 'headers', 'consume'],
  IncomingBody: ['stream', 'static finish'],
  FutureTrailers: ['subscribe', 'get'],
  OutgoingResponse: ['statusCode', 'setStatusCode', 'headers', 'body'],
  OutgoingBody: ['write', 'static finish'],
  FutureIncomingResponse: ['subscribe', 'get'],
} as const;

const types = (instance = testInstance().instance) => httpP2(instance, {})['wasi:http/types'];

test.each(Object.entries(RESOURCES))('%s has every function of the WIT', (name, functions) => {
  const resource = types()[name as keyof typeof RESOURCES] as unknown as Record<string, unknown> & {
    prototype: Record<string, unknown>;
  };
  const missing = functions.filter((each) => {
    const holder = each.startsWith('static ') ? resource : resource.prototype;
    return typeof holder[each.replace('static ', '')] !== 'function';
  });
  expect(missing).toEqual([]);
});

test('fields made in any way are of the class that the binder checks', () => {
  const { Fields: Bound } = types();
  const { fromList } = Bound;
  for (const made of [new Bound(), fromList([]), new Bound().clone()]) {
    expect(made).toBeInstanceOf(Bound);
    expect(made).toBeInstanceOf(Fields);
  }
  expect({}).not.toBeInstanceOf(Bound);
});

test('what a guest makes counts against its own instance', () => {
  const { instance } = testInstance({ handles: 2 });
  const { Fields: Bound, RequestOptions } = types(instance);
  const first = new Bound();
  expect(new RequestOptions().instance).toBe(instance);
  expect(() => new Bound()).toThrow(
    expect.objectContaining({ details: { limit: 'handles', value: 2 } }),
  );
  first[Symbol.dispose]();
  expect(new Bound().entries()).toEqual([]);
});

test('http-error-code gives the code of errors of HTTP, and nothing for others', () => {
  const { instance } = testInstance();
  const { httpErrorCode } = types(instance);
  const code = {
    tag: 'TLS-alert-received',
    val: { alertId: 40, alertMessage: undefined },
  } as const;
  expect(httpErrorCode(new IoError(instance, new HttpFailure(code)))).toBe(code);
  expect(
    httpErrorCode(new IoError(instance, new StreamFailure('filesystem', 'io', 'x'))),
  ).toBeUndefined();
});
