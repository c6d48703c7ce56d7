import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WasiLimits } from '../instance.ts';
import { payloadOf, testInstance } from '../test-instance.ts';
import { Fields } from './fields.ts';
import {
  contentLength,
  exceededHeaderLimit,
  type HeaderList,
  mayBeTrailers,
  sectionSize,
} from './header-list.ts';
import { fields, text } from './test-bodies.ts';

const bytes = (value: string) => new TextEncoder().encode(value);

function create(list: HeaderList = [], limits: Partial<WasiLimits> = {}): Fields {
  return Fields.create(testInstance(limits).instance, list);
}

function immutable(list: HeaderList): Fields {
  return new Fields(testInstance().instance, { list, immutable: true });
}

const FORBIDDEN = [
  'connection',
  'Host',
  'HTTP2-Settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'Transfer-Encoding',
  'upgrade',
];

test('order, repetitions and spelling survive', () => {
  const list = fields(['Set-Cookie', 'a'], ['X', '1'], ['set-cookie', 'b'], ['empty', '']);
  expect(text(create(list).entries())).toEqual(text(list));
});

test('names compare without case', () => {
  const given = create(fields(['Set-Cookie', 'a'], ['set-cookie', 'b']));
  expect(given.get('SET-COOKIE')).toEqual([bytes('a'), bytes('b')]);
  expect(given.has('sEt-cookie')).toBe(true);
  given.append('SET-COOKIE', bytes('c'));
  expect(given.get('set-cookie')).toHaveLength(3);
  given.delete('sET-COOKIE');
  expect(given.entries()).toEqual([]);
});

test('what is absent or no name gives nothing; what is empty gives an empty value', () => {
  const given = create(fields(['a', '']));
  expect(given.get('b')).toEqual([]);
  expect(given.get('no name')).toEqual([]);
  expect(given.has('no name')).toBe(false);
  expect(given.get('a')).toEqual([bytes('')]);
});

test('set replaces all values of a name and leaves the others', () => {
  const given = create(fields(['a', '1'], ['b', '2'], ['A', '3']));
  given.set('a', [bytes('x'), bytes('y')]);
  expect(text(given.entries())).toEqual([
    ['b', '2'],
    ['a', 'x'],
    ['a', 'y'],
  ]);
  given.set('b', []);
  expect(given.has('b')).toBe(false);
});

test('a name that is no token and a value with a control character are invalid syntax', () => {
  const given = create();
  const invalid = { tag: 'invalid-syntax' };
  for (const name of ['', 'a b', 'a:', 'a\r\nb', 'é', 'a\u0000']) {
    expect(payloadOf(() => given.set(name, []))).toEqual(invalid);
    expect(payloadOf(() => given.append(name, bytes('x')))).toEqual(invalid);
    expect(payloadOf(() => given.delete(name))).toEqual(invalid);
    expect(payloadOf(() => create(fields([name, 'x'])))).toEqual(invalid);
  }
  for (const value of ['a\r\nx: y', 'a\nb', '\u0000', 'a\u007f']) {
    expect(payloadOf(() => given.set('a', [bytes('ok'), bytes(value)]))).toEqual(invalid);
    expect(payloadOf(() => given.append('a', bytes(value)))).toEqual(invalid);
    expect(payloadOf(() => create(fields(['a', value])))).toEqual(invalid);
  }
  expect(given.entries()).toEqual([]);
});

test.each(FORBIDDEN)('%s is forbidden', (name) => {
  const given = create();
  const forbidden = { tag: 'forbidden' };
  expect(payloadOf(() => given.set(name, [bytes('x')]))).toEqual(forbidden);
  expect(payloadOf(() => given.append(name, bytes('x')))).toEqual(forbidden);
  expect(payloadOf(() => given.delete(name))).toEqual(forbidden);
  expect(payloadOf(() => create(fields([name, 'x'])))).toEqual(forbidden);
});

test('immutable fields can be read and cloned, and nothing else', () => {
  const given = immutable(fields(['a', '1']));
  const refused = { tag: 'immutable' };
  expect(payloadOf(() => given.set('a', []))).toEqual(refused);
  expect(payloadOf(() => given.append('a', bytes('x')))).toEqual(refused);
  expect(payloadOf(() => given.delete('a'))).toEqual(refused);
  expect(text(given.entries())).toEqual([['a', '1']]);
  const clone = given.clone();
  clone.append('b', bytes('2'));
  expect(text(clone.entries())).toHaveLength(2);
  expect(text(given.entries())).toHaveLength(1);
});

test('a clone and its original do not see each other change', () => {
  const original = create(fields(['a', '1']));
  original.append('b', bytes('2'));
  const clone = original.clone();
  original.append('c', bytes('3'));
  clone.delete('a');
  expect(text(original.entries()).map(([name]) => name)).toEqual(['a', 'b', 'c']);
  expect(text(clone.entries()).map(([name]) => name)).toEqual(['b']);
});

test('the list a guest gave is not changed by what it does to the fields', () => {
  const list = fields(['a', '1']);
  create(list).append('b', bytes('2'));
  expect(list).toHaveLength(1);
});

test('a million fields trap', () => {
  const count = expect.objectContaining({
    code: 'limit-exceeded',
    details: { limit: 'headerCount', value: 32 },
  });
  const nothing = new Uint8Array(0);
  const many: HeaderList = Array.from({ length: 1_000_000 }, () => ['a', nothing] as const);
  expect(() => create(many)).toThrow(count);
  expect(() =>
    create().set(
      'a',
      Array.from({ length: 1_000_000 }, () => nothing),
    ),
  ).toThrow(count);
  const given = create();
  let appended = 0;
  expect(() => {
    for (; appended < 1_000_000; appended++) given.append('a', nothing);
  }).toThrow(count);
  expect(appended).toBe(32);
});

test('the bytes of a block are limited, 32 more for each field', () => {
  const size = expect.objectContaining({
    code: 'limit-exceeded',
    details: { limit: 'headers', value: 100 },
  });
  const limits = { headers: 100 };
  expect(sectionSize(fields(['ab', 'cde'], ['f', '']))).toBe(37 + 33);
  const exact = create(fields(['abcd', 'x'.repeat(64)]), limits);
  expect(() => exact.append('a', bytes(''))).toThrow(size);
  expect(() => create(fields(['abcd', 'x'.repeat(65)]), limits)).toThrow(size);
  expect(() => exact.set('abcd', [bytes('x'.repeat(65))])).toThrow(size);
  exact.set('abcd', [bytes('y'.repeat(64))]);
  expect(() =>
    new Fields(testInstance(limits).instance, {
      list: fields(['a', 'x'.repeat(100)]),
      immutable: true,
    }).clone(),
  ).toThrow(size);
  expect(
    exceededHeaderLimit(fields(['a', 'x'.repeat(100)]), { headers: 100, headerCount: 1 }),
  ).toBe('headers');
  expect(exceededHeaderLimit(fields(['a', ''], ['b', '']), { headers: 100, headerCount: 1 })).toBe(
    'headerCount',
  );
  expect(exceededHeaderLimit(fields(['a', '']), { headers: 100, headerCount: 1 })).toBeUndefined();
});

test('fields behave as a list of pairs does', () => {
  const name = fc.constantFrom('a', 'A', 'b', 'B', 'c');
  const value = fc.constantFrom('', '1', '2');
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), name, value }),
    fc.record({
      kind: fc.constant('set' as const),
      name,
      values: fc.array(value, { maxLength: 2 }),
    }),
    fc.record({ kind: fc.constant('delete' as const), name }),
    fc.record({ kind: fc.constant('clone' as const) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
      let given = create();
      let model: [string, string][] = [];
      const without = (lower: string) =>
        model.filter(([other]) => other.toLowerCase() !== lower.toLowerCase());
      for (const step of operations) {
        if (step.kind === 'append') {
          given.append(step.name, bytes(step.value));
          model.push([step.name, step.value]);
        } else if (step.kind === 'set') {
          given.set(step.name, step.values.map(bytes));
          model = [
            ...without(step.name),
            ...step.values.map((each): [string, string] => [step.name, each]),
          ];
        } else if (step.kind === 'delete') {
          given.delete(step.name);
          model = without(step.name);
        } else {
          given = given.clone();
        }
        expect(text(given.entries())).toEqual(model);
        for (const key of ['a', 'b', 'c']) {
          expect(given.get(key).map((each) => new TextDecoder().decode(each))).toEqual(
            model.filter(([other]) => other.toLowerCase() === key).map(([, each]) => each),
          );
        }
      }
    }),
  );
});

test.each([
  [fields(['a', '1']), undefined],
  [fields(['Content-Length', '0']), 0n],
  [fields(['content-length', '18446744073709551615']), 'invalid'],
  [fields(['content-length', '9223372036854775807']), 9223372036854775807n],
  [fields(['content-length', '5'], ['Content-Length', '5']), 'invalid'],
  [fields(['content-length', '5, 5']), 'invalid'],
  [fields(['content-length', '+5']), 'invalid'],
  [fields(['content-length', '-5']), 'invalid'],
  [fields(['content-length', ' 5']), 'invalid'],
  [fields(['content-length', '0x5']), 'invalid'],
  [fields(['content-length', '']), 'invalid'],
  [fields(['content-length', '5_0']), 'invalid'],
] as [HeaderList, bigint | undefined | 'invalid'][])('content-length of %#', (list, expected) => {
  expect(contentLength(list)).toBe(expected);
});

test('what frames a message may not come in trailers', () => {
  expect(mayBeTrailers(fields(['x-checksum', '1'], ['grpc-status', '0']))).toBe(true);
  for (const name of [
    'Content-Length',
    'trailer',
    'content-encoding',
    'content-type',
    'content-range',
  ]) {
    expect(mayBeTrailers(fields(['a', '1'], [name, '1']))).toBe(false);
  }
});
