import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceType, ValType } from '../model.ts';
import { ValueError } from './errors.ts';
import { fromJson, membersFromJson } from './from-json.ts';
import { argumentsFromWave, jsonText } from './from-wave.ts';
import type { Handles } from './handles.ts';
import { parseJson } from './json-text.ts';
import { anyJson, anyType } from './testing.ts';
import { toJson } from './to-json.ts';
import { toWave } from './to-wave.ts';
import { typeText } from './type-text.ts';
import { WaveError, WaveLexer } from './wave-lexer.ts';

const names = new Map();
const noHandles: Handles = {
  give: () => {
    throw new Error('no handle is expected');
  },
  take: () => undefined,
};
const read = (type: ValType, json: unknown): unknown =>
  fromJson(type, json, { names, handles: noHandles });
const write = (type: ValType, value: unknown): unknown =>
  toJson(type, value, { handles: noHandles, spend() {} });
const wave = (type: ValType, text: string): unknown =>
  argumentsFromWave([{ name: 'v', type }], new WaveLexer(`${text})`), names)['v'];
const refusal = (type: ValType, json: unknown): ValueError => {
  try {
    read(type, json);
  } catch (thrown) {
    if (thrown instanceof ValueError) return thrown;
    throw thrown;
  }
  throw new Error(`${JSON.stringify(json)} was taken for ${typeText(type)}`);
};
const t = (kind: string): ValType => ({ kind }) as ValType;
const option = (value: ValType): ValType => ({ kind: 'option', value });
const list = (element: ValType): ValType => ({ kind: 'list', element });
const result = (ok?: ValType, err?: ValType): ValType => ({ kind: 'result', ok, err });

const typeAndJson = anyType().chain((type) => anyJson(type).map((json) => ({ type, json })));

describe('random values of random types', () => {
  it('come back from the form that the binders take', () => {
    fc.assert(
      fc.property(typeAndJson, ({ type, json }) => {
        const value = read(type, json);
        const written = parseJson(jsonText(write(type, value)));
        // A record may have a field `constructor`, which vitest takes for the class.
        expect(isDeepStrictEqual(read(type, written), value)).toBe(true);
        expect(isDeepStrictEqual(read(type, parseJson(jsonText(json))), value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('come back from WAVE', () => {
    fc.assert(
      fc.property(typeAndJson, ({ type, json }) => {
        const canonical = parseJson(jsonText(write(type, read(type, json))));
        const back = read(type, wave(type, toWave(type, canonical)));
        expect(isDeepStrictEqual(back, read(type, canonical))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('of another type are refused with a path, or are values of this type too', () => {
    fc.assert(
      fc.property(anyType(), fc.jsonValue(), (type, json) => {
        try {
          read(type, json);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ValueError);
          expect((thrown as ValueError).path).toMatch(/^\$/);
        }
      }),
    );
  });
});

describe('from JSON', () => {
  it.each<[ValType, string, unknown]>([
    [t('u64'), '18446744073709551615', 2n ** 64n - 1n],
    [t('u64'), '"18446744073709551615"', 2n ** 64n - 1n],
    [t('s64'), '-9223372036854775808', -(2n ** 63n)],
    [t('u8'), '255', 255],
    [t('f64'), '-0', -0],
    [t('f64'), '12345678901234567890', Number('12345678901234567890')],
    [t('f32'), '"NaN"', Number.NaN],
    [t('char'), '"😀"', '😀'],
    [option(option(t('u8'))), 'null', { tag: 'none' }],
    [option(option(t('u8'))), '{"some":null}', { tag: 'some', val: undefined }],
    [option(option(option(t('u8')))), '{"some":{"some":3}}', { tag: 'some', val: 3 }],
    [option(option(option(t('u8')))), '{"some":null}', { tag: 'none' }],
    [list(t('u8')), '"AQL/"', new Uint8Array([1, 2, 255])],
    [result(), '{"ok":null}', { tag: 'ok', val: undefined }],
    [{ kind: 'record', fields: [{ name: 'a-b', type: option(t('u8')) }] }, '{}', { aB: undefined }],
    [{ kind: 'flags', labels: ['a-b', 'c'] }, '["c"]', { aB: false, c: true }],
  ])('%j takes %s', (type, json, value) => {
    expect(read(type, parseJson(json))).toStrictEqual(value);
  });

  it.each<[ValType, unknown, string, string, RegExp]>([
    [t('u8'), 256, '$', 'u8', /not within 0 and 255/],
    [t('u8'), '1', '$', 'u8', /whole number/],
    [t('s32'), 1.5, '$', 's32', /whole number/],
    [t('u64'), 2 ** 53, '$', 'u64', /decimal digits/],
    [t('u64'), '-1', '$', 'u64', /not within/],
    [t('u64'), '01', '$', 'u64', /decimal digits/],
    [t('s64'), '9'.repeat(200), '$', 's64', /decimal digits/],
    [t('f32'), 1e39, '$', 'f32', /larger than any f32/],
    [t('bool'), 0, '$', 'bool', /true or false/],
    [t('char'), 'ab', '$', 'char', /one character/],
    [t('char'), '\ud800', '$', 'char', /surrogate/],
    [t('string'), 'a\udfff', '$', 'string', /surrogate/],
    [list(t('u8')), 'AQI', '$', 'list<u8>', /base64/],
    [list(t('u8')), [1], '$', 'list<u8>', /base64/],
    [list(t('string')), ['a', 1], '$[1]', 'string', /string/],
    [option(option(t('u8'))), 3, '$', 'option<option<u8>>', /null or \{"some"/],
    [result(t('u8'), t('string')), { ok: 1, err: 'x' }, '$', 'result<u8, string>', /\{"ok"/],
    [result(t('u8')), { err: 1 }, '$', 'result<u8>', /no value/],
    [
      { kind: 'tuple', elements: [t('u8'), t('string')] },
      [1],
      '$',
      'tuple<u8, string>',
      /array of 2/,
    ],
    [{ kind: 'enum', labels: ['a'] }, '__proto__', '$', 'enum { a }', /one of "a"/],
    [{ kind: 'flags', labels: ['a', 'b'] }, ['a', 'a'], '$', 'flags { a, b }', /twice/],
    [
      { kind: 'variant', cases: [{ name: 'a', type: t('u8') }] },
      { tag: 'b' },
      '$',
      'variant { a(u8) }',
      /one of "a"/,
    ],
    [
      { kind: 'variant', cases: [{ name: 'a', type: t('u8') }] },
      { tag: 'a' },
      '$',
      'variant { a(u8) }',
      /"val" is missing/,
    ],
    [
      { kind: 'variant', cases: [{ name: 'a', type: undefined }] },
      { tag: 'a', val: 1 },
      '$',
      'variant { a }',
      /"tag" only/,
    ],
    [{ kind: 'record', fields: [{ name: 'a-b', type: t('u8') }] }, {}, "$['a-b']", 'u8', /missing/],
    [
      { kind: 'record', fields: [{ name: 'a', type: t('u8') }] },
      { a: 1, b: 2 },
      '$.b',
      'record { a: u8 }',
      /nothing has this name/,
    ],
    [
      { kind: 'record', fields: [{ name: 'a', type: list(t('u16')) }] },
      { a: [1, -1] },
      '$.a[1]',
      'u16',
      /not within/,
    ],
  ])('%j does not take %j', (type, json, path, expected, problem) => {
    const refused = refusal(type, json);
    expect(refused).toMatchObject({ path, expected });
    expect(refused.problem).toMatch(problem);
  });

  it('does not take what stands in a prototype for a member', () => {
    const type: ValType = { kind: 'record', fields: [{ name: 'constructor', type: t('string') }] };
    expect(refusal(type, {})).toMatchObject({ path: '$.constructor' });
    expect(refusal(type, parseJson('{"__proto__": {"constructor": "x"}}'))).toMatchObject({
      path: '$.__proto__',
    });
  });

  it('takes absent options for none, and asks for every other argument', () => {
    const params = [
      { name: 'a', type: option(t('u8')) },
      { name: 'b', type: t('u8') },
    ];
    const context = { names, handles: noHandles };
    expect(membersFromJson(params, { b: 1 }, context, '$', 'arguments')).toEqual([undefined, 1]);
    expect(() => membersFromJson(params, {}, context, '$', 'arguments')).toThrow(
      '$.b: it is missing',
    );
    expect(() => membersFromJson(params, [], context, '$', 'arguments')).toThrow(
      '$: expected an object, got an empty array',
    );
  });

  it('looks handles up by their resource, and says whether they are given away', () => {
    const resource: ResourceType = {
      kind: 'resource',
      id: 1,
      origin: 'local',
      name: 'counter',
      owner: undefined,
      destructor: undefined,
    };
    const asked: unknown[] = [];
    const value = {};
    const handles: Handles = {
      ...noHandles,
      take: (...args) => (asked.push(args), args[1] === 'known' ? value : undefined),
    };
    expect(fromJson({ kind: 'own', resource }, 'known', { names, handles })).toBe(value);
    expect(() => fromJson({ kind: 'borrow', resource }, 'other', { names, handles })).toThrow(
      'it is no handle of a counter',
    );
    expect(asked).toEqual([
      [resource, 'known', true],
      [resource, 'other', false],
    ]);
  });

  it('refuses text that is nested too deeply as no JSON', () => {
    expect(() =>
      parseJson(`${'['.repeat(200_000)}1234567890123456789${']'.repeat(200_000)}`),
    ).toThrow(SyntaxError);
  });
});

describe('to JSON', () => {
  it.each<[ValType, unknown, string]>([
    [t('u64'), 2n ** 53n, '"9007199254740992"'],
    [t('u64'), 2n ** 53n - 1n, '9007199254740991'],
    [t('f64'), -0, '-0'],
    [t('f32'), Math.fround(1.1), '1.1'],
    [t('f32'), Math.fround(16777217), '16777216'],
    [t('f64'), Number.NaN, '"NaN"'],
    [list(t('u8')), new Uint8Array([251, 255]), '"+/8="'],
    [list(t('u64')), new BigUint64Array([1n]), '[1]'],
    [list(t('s16')), new Int16Array([-1]), '[-1]'],
  ])('%j of %s', (type, value, text) => {
    expect(jsonText(write(type, value))).toBe(text);
  });

  it('stops when it is told that the value is too large', () => {
    let left = 100;
    const spend = (bytes: number): void => {
      left -= bytes;
      if (left < 0) throw new RangeError('too large');
    };
    expect(() =>
      toJson(
        list(t('string')),
        Array.from({ length: 1e6 }, () => 'x'),
        { handles: noHandles, spend },
      ),
    ).toThrow('too large');
  });
});

describe('WAVE', () => {
  it.each<[ValType, string, unknown]>([
    [option(t('string')), '"flat some"', 'flat some'],
    [option(t('string')), 'some("explicit some")', 'explicit some'],
    [option(t('string')), 'none', null],
    [result(t('string'), t('string')), '"flat ok"', { ok: 'flat ok' }],
    [result(), 'err', { err: null }],
    [t('f64'), '6.022e+23', 6.022e23],
    [t('f64'), '-inf', '-Infinity'],
    [t('char'), String.raw`'\u{1F44B}'`, '👋'],
    [t('char'), String.raw`'\''`, "'"],
    [list(t('u8')), '[1, 2, // two\n 3,]', 'AQID'],
    [{ kind: 'enum', labels: ['ok', 'b'] }, '%ok', 'ok'],
    [{ kind: 'flags', labels: ['read', 'write'] }, '{write, read,}', ['write', 'read']],
    [{ kind: 'record', fields: [{ name: 'a', type: option(t('u8')) }] }, '{:}', {}],
    [t('string'), '"""\n  one\n    two\n  """', 'one\n  two'],
  ])('%j reads %s', (type, text, json) => {
    expect(wave(type, text)).toEqual(json);
  });

  it.each<[ValType, string, string]>([
    [t('u8'), '1.0', 'expected u8'],
    [t('u8'), '01', 'expected )'],
    [t('string'), '"a\nb"', 'line break'],
    [t('char'), "''", 'empty'],
    [t('char'), String.raw`'\u{d800}'`, 'escape'],
    [option(option(t('u8'))), '3', 'expected option<option<u8>>'],
    [{ kind: 'variant', cases: [{ name: 'a', type: undefined }] }, 'b', 'expected variant { a }'],
    [
      { kind: 'record', fields: [{ name: 'a', type: t('u8') }] },
      '{a: 1, a: 2}',
      'the field a is not expected',
    ],
    [list(t('u8')), '[256]', '256 is no u8'],
    [t('bool'), '', 'is missing'],
  ])('%j refuses %s', (type, text, problem) => {
    expect(() => wave(type, text)).toThrow(WaveError);
    expect(() => wave(type, text)).toThrow(problem);
  });

  it('lets options be left out at the end', () => {
    const params = ['a', 'b', 'c'].map((name) => ({
      name,
      type: name === 'a' ? t('u8') : option(t('u8')),
    }));
    expect(argumentsFromWave(params, new WaveLexer('1, some(2))'), names)).toEqual({ a: 1, b: 2 });
    expect(() => argumentsFromWave(params, new WaveLexer(')'), names)).toThrow(
      'the argument a: u8 is missing',
    );
  });
});
