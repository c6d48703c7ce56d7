import { expect, test } from 'vitest';
import { payloadOf } from '../test-instance.ts';
import { socketError } from './errors.ts';
import { ready, testSockets } from './test-host.ts';

function failure(code: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(code), { code }));
}

test('addresses come one by one, mapped ones as IPv4, and then none', async () => {
  using sockets = testSockets({
    lookup: async () => ['2001:db8::1', '::ffff:192.0.2.1', 'nonsense'],
  });
  const stream = sockets.resolve(sockets.network, 'example.com');
  expect(payloadOf(() => stream.resolveNextAddress())).toBe('would-block');
  await ready(sockets, stream);
  expect(stream.resolveNextAddress()).toEqual({
    tag: 'ipv6',
    val: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1],
  });
  expect(stream.resolveNextAddress()).toEqual({ tag: 'ipv4', val: [192, 0, 2, 1] });
  expect(stream.resolveNextAddress()).toBeUndefined();
  expect(stream.resolveNextAddress()).toBeUndefined();
});

test.each([
  ['127.0.0.1', { tag: 'ipv4', val: [127, 0, 0, 1] }],
  ['::1', { tag: 'ipv6', val: [0, 0, 0, 0, 0, 0, 0, 1] }],
  ['[::1]', { tag: 'ipv6', val: [0, 0, 0, 0, 0, 0, 0, 1] }],
  ['::ffff:1.2.3.4', { tag: 'ipv4', val: [1, 2, 3, 4] }],
])('%s is given back as it is, and nobody is asked', (name, address) => {
  const lookup = () => {
    throw new Error('asked');
  };
  using sockets = testSockets({ lookup });
  const stream = sockets.resolve(sockets.network, name);
  expect(stream.resolveNextAddress()).toEqual(address);
  expect(stream.resolveNextAddress()).toBeUndefined();
});

test.each([
  '',
  ' ',
  'a b',
  'a..b',
  '.a',
  'example.com.',
  'a/b',
  'a:80',
  '0x7f.1',
  '127.1',
  '2130706433',
  'a@b',
  'x'.repeat(64),
  'fe80::1%lo',
  `${'a.'.repeat(127)}ab`,
])('%j is no name', (name) => {
  using sockets = testSockets({ lookup: async () => ['192.0.2.1'] });
  expect(payloadOf(() => sockets.resolve(sockets.network, name))).toBe('invalid-argument');
});

test('names are asked for in ASCII', async () => {
  const asked: string[] = [];
  using sockets = testSockets({
    lookup: async (name) => {
      asked.push(name);
      return ['192.0.2.1'];
    },
  });
  sockets.resolve(sockets.network, 'Bücher.Example');
  expect(asked).toEqual(['xn--bcher-kva.example']);
});

test.each([
  [() => failure('ENOTFOUND'), 'name-unresolvable'],
  [() => failure('EAI_AGAIN'), 'temporary-resolver-failure'],
  [() => failure('EAI_FAIL'), 'permanent-resolver-failure'],
  [() => failure('odd'), 'unknown'],
  [() => Promise.reject(socketError('access-denied')), 'access-denied'],
  [async () => [], 'name-unresolvable'],
])('a failure is told by the stream: %#', async (lookup, code) => {
  using sockets = testSockets({ lookup });
  const stream = sockets.resolve(sockets.network, 'example.com');
  await ready(sockets, stream);
  expect(payloadOf(() => stream.resolveNextAddress())).toBe(code);
});

test('a name that may not be asked for is refused at once, and holds nothing', () => {
  using sockets = testSockets({
    lookup: () => {
      throw socketError('access-denied');
    },
  });
  const { handles } = sockets.instance;
  expect(payloadOf(() => sockets.resolve(sockets.network, 'example.com'))).toBe('access-denied');
  expect(sockets.instance.handles).toBe(handles);
});

test('look-ups at once are few, and one that is dropped is aborted', async () => {
  const signals: AbortSignal[] = [];
  let answer: (addresses: string[]) => void = () => {};
  using sockets = testSockets({
    lookup: (_name, signal) => {
      signals.push(signal);
      return new Promise((resolve) => (answer = resolve));
    },
  });
  const resolve = () => sockets.resolve(sockets.network, 'example.com');
  const streams = Array.from({ length: 8 }, resolve);
  expect(payloadOf(resolve)).toBe('temporary-resolver-failure');
  streams[0]?.[Symbol.dispose]();
  expect(signals.map((signal) => signal.aborted)).toEqual([
    true,
    ...Array.from({ length: 7 }, () => false),
  ]);
  answer(['192.0.2.1']);
  await new Promise(setImmediate);
  resolve();
});
