import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import asc from 'assemblyscript/asc';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCoreModule } from '../core-module.ts';
import {
  bindAssemblyScript,
  checkArguments,
  readAssemblyScript,
  scriptSignature,
  uncallable,
  type LiftOptions,
  type ScriptExports,
  type ScriptHost,
  type ScriptModule,
} from './index.ts';

const fixture = new Uint8Array(
  readFileSync(new URL('../../../fixtures/as-typed.wasm', import.meta.url)),
);
const SECTION = 'selvedge:types';

const host: ScriptHost = {
  abort(message, file, line, column) {
    throw new Error(`aborted: ${message} at ${file}:${line}:${column}`);
  },
  trace() {},
  performanceNow: () => 0,
  console() {},
};
const free: LiftOptions = { spend() {}, bytes: (view) => Buffer.from(view).toString('base64') };

interface Opened {
  readonly script: ScriptModule;
  readonly exports: ScriptExports;
  readonly call: (name: string, args: unknown, options?: LiftOptions) => unknown;
}

async function open(bytes: Uint8Array = fixture, env: ScriptHost = host): Promise<Opened> {
  const module = readCoreModule(bytes);
  const script = readAssemblyScript(module) as ScriptModule;
  const bound = await bindAssemblyScript({ bytes, module, script, transform: (each) => each });
  const exports = (await bound.instantiate({ env })) as ScriptExports;
  return {
    script,
    exports,
    call(name, args, options = free) {
      const called = script.functions.find((each) => each.name === name);
      if (called === undefined) throw new Error(`there is no ${name}`);
      // As it goes over the wire: what JSON cannot say would be lost.
      const result = exports.call(called, checkArguments(called.params, args, script), options);
      return result === undefined ? undefined : JSON.parse(JSON.stringify(result));
    },
  };
}

/** A module that has the section with these contents instead of its own. */
function withSection(bytes: Uint8Array, contents: unknown): Uint8Array {
  const own = readCoreModule(bytes).sections.filter((each) => each.id !== 0);
  const name = Buffer.from(SECTION);
  const body = Buffer.from(
    typeof contents === 'string' ? contents : JSON.stringify(contents ?? null),
  );
  const custom =
    contents === undefined
      ? []
      : [0, ...leb(body.length + name.length + 1), name.length, ...name, ...body];
  const parts = own.map(({ range }) => [...bytes.subarray(range.start, range.end)]);
  return Uint8Array.from([...bytes.subarray(0, 8), ...parts.flat(), ...custom]);
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

let opened: Opened;
beforeAll(async () => {
  opened = await open();
});

describe('types', () => {
  it('come from the section, with the names and comments of the source', () => {
    const { functions, classes, described } = opened.script;
    expect(described).toBe(true);
    const add = functions.find((each) => each.name === 'add');
    expect(add).toMatchObject({ doc: 'Adds two numbers.\nThe second is 1 unless it is given.' });
    expect(add === undefined ? '' : scriptSignature(add)).toBe('add(a: i32, b?: i32): i32');
    const paths = functions.find((each) => each.name === 'echoPaths');
    expect(paths === undefined ? '' : scriptSignature(paths)).toBe(
      'echoPaths(value: Array<Path | null>): Array<Path | null>',
    );
    expect(classes.get('Point')).toMatchObject({
      doc: 'A point of the plane.',
      fields: [
        { name: 'x' },
        { name: 'y' },
        { name: 'label', doc: 'What it is called; none need be.' },
      ],
    });
  });

  it('are those of WebAssembly where the section is missing', async () => {
    const bare = await open(withSection(fixture, undefined));
    expect(bare.script.described).toBe(false);
    expect(bare.script.functions.map((each) => scriptSignature(each))).toContain(
      'echoI64(arg0: i64): i64',
    );
    expect(
      bare.script.functions.map((each) => each.name).filter((name) => name.startsWith('__')),
    ).toEqual([]);
    expect(bare.call('add', [40, 2])).toBe(42);
    expect(bare.call('echoI64', { arg0: '9007199254740993' })).toBe('9007199254740993');
  });

  it('tell of what has no JSON', () => {
    const why = (name: string) => {
      const called = opened.script.functions.find((each) => each.name === name);
      return called === undefined ? 'missing' : uncallable(called, opened.script, true);
    };
    expect(why('hide')).toBe('gives Secret, of which there is no JSON');
    expect(why('reveal')).toBe('takes Secret for secret, of which there is no JSON');
    expect(why('circle')).toBeUndefined();
  });

  it('need the runtime only where something is allocated', () => {
    const [number, text] = ['echoI32', 'echoString'].map((name) =>
      opened.script.functions.find((each) => each.name === name),
    );
    expect(number === undefined ? '' : uncallable(number, opened.script, false)).toBeUndefined();
    expect(text === undefined ? '' : uncallable(text, opened.script, false)).toMatch(
      /--exportRuntime/,
    );
  });

  const add = {
    name: 'add',
    params: [
      { name: 'a', type: 'i32' },
      { name: 'b', type: 'i32' },
    ],
    result: 'i32',
  };
  const point = { id: 20, size: 20, fields: [{ name: 'x', type: 'f64', offset: 0 }] };
  it.each([
    ['is no JSON', '{'],
    ['is of another version', { version: 2, functions: [], classes: {} }],
    ['has no classes', { version: 1, functions: [] }],
    [
      'names a function that is not there',
      { version: 1, functions: [{ ...add, name: 'missing' }], classes: {} },
    ],
    [
      'gives a function too few parameters',
      { version: 1, functions: [{ ...add, params: [] }], classes: {} },
    ],
    [
      'gives a parameter a wider type',
      { version: 1, functions: [{ ...add, result: 'i64' }], classes: {} },
    ],
    ['describes a function twice', { version: 1, functions: [add, add], classes: {} }],
    [
      'has two parameters of one name',
      { version: 1, functions: [{ ...add, params: [add.params[0], add.params[0]] }], classes: {} },
    ],
    [
      'names a type that is none',
      { version: 1, functions: [{ ...add, result: 'toString' }], classes: {} },
    ],
    [
      'names a typed array that is none',
      { version: 1, functions: [{ ...add, result: { typed: 'constructor', id: 4 } }], classes: {} },
    ],
    [
      'names a class that is not there',
      { version: 1, functions: [{ ...add, result: { class: 'Nobody' } }], classes: {} },
    ],
    [
      'has a field outside of its object',
      { version: 1, functions: [], classes: { P: { ...point, size: 7 } } },
    ],
    [
      'has a field before its object',
      {
        version: 1,
        functions: [],
        classes: { P: { ...point, fields: [{ name: 'x', type: 'f64', offset: -8 }] } },
      },
    ],
    [
      'nests types without end',
      { version: 1, functions: [{ ...add, result: deep(40) }], classes: {} },
    ],
    [
      'makes a number null',
      { version: 1, functions: [{ ...add, result: { nullable: 'i32' } }], classes: {} },
    ],
  ])('are refused where the section %s', (_what, contents) => {
    const module = readCoreModule(withSection(fixture, contents));
    expect(() => readAssemblyScript(module)).toThrow(
      expect.objectContaining({ code: 'invalid-module', status: 422 }),
    );
  });
});

function deep(levels: number): unknown {
  return levels === 0 ? 'i32' : { array: deep(levels - 1), id: 4 };
}

describe('values', () => {
  const integer = (min: number, max: number) => fc.integer({ min, max });
  const float = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? 0 : value));
  const wide = (min: bigint, max: bigint) =>
    fc
      .bigInt({ min, max })
      .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)));
  const f32 = fc
    .float({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? 0 : value));
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  const point = fc.record({ x: float, y: float, label: fc.option(text) });
  const path = fc.record({ name: text, points: fc.array(point), weights: fc.array(f32) });
  const i64 = wide(-(2n ** 63n), 2n ** 63n - 1n);
  const u64 = wide(0n, 2n ** 64n - 1n);

  const roundTrips: readonly (readonly [string, fc.Arbitrary<unknown>])[] = [
    ['echoI8', integer(-128, 127)],
    ['echoU8', integer(0, 255)],
    ['echoI16', integer(-32_768, 32_767)],
    ['echoU16', integer(0, 65_535)],
    ['echoI32', integer(-(2 ** 31), 2 ** 31 - 1)],
    ['echoU32', integer(0, 2 ** 32 - 1)],
    ['echoI64', i64],
    ['echoU64', u64],
    ['echoF32', f32],
    ['echoF64', float],
    ['echoBool', fc.boolean()],
    ['echoString', text],
    ['echoMaybe', fc.option(text)],
    ['echoBuffer', fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64'))],
    ['echoBytes', fc.array(integer(0, 255))],
    ['echoInt8s', fc.array(integer(-128, 127))],
    ['echoInt16s', fc.array(integer(-32_768, 32_767))],
    ['echoUint32s', fc.array(integer(0, 2 ** 32 - 1))],
    ['echoInt64s', fc.array(i64)],
    ['echoUint64s', fc.array(u64)],
    ['echoFloat32s', fc.array(f32)],
    ['echoFloat64s', fc.array(float)],
    ['echoStrings', fc.array(text)],
    ['echoNested', fc.array(fc.array(integer(-(2 ** 31), 2 ** 31 - 1)))],
    ['echoFlags', fc.array(fc.boolean())],
    ['echoStatic', fc.array(float)],
    ['echoNames', fc.array(text)],
    ['echoPath', path],
    ['echoPaths', fc.array(fc.option(path))],
  ];
  it.each(roundTrips)('%s gives back any value of its type', (name, values) => {
    fc.assert(
      fc.property(values, (value) => {
        expect(opened.call(name, [value])).toEqual(value);
        expect(opened.call(name, { value })).toEqual(value);
      }),
      { numRuns: 60 },
    );
  });

  it('keep what JSON has no number for', () => {
    for (const value of ['NaN', 'Infinity', '-Infinity']) {
      expect(opened.call('echoF64', [value])).toBe(value);
      expect(opened.call('echoF32', [value])).toBe(value);
    }
    expect(Object.is(opened.call('echoF64', [-0]), -0)).toBe(true);
    expect(opened.call('echoString', ['\ud800x'])).toBe('\ud800x');
  });

  it('may be bytes in base64 for a Uint8Array', () => {
    expect(opened.call('echoBytes', ['AAH/'])).toEqual([0, 1, 255]);
  });

  it('are those that a view shows, not those of the buffer below it', () => {
    expect(opened.call('middle', [[1, 2, 3, 4]])).toEqual([2, 3]);
  });

  it('may be left out where the source has a default', () => {
    expect(opened.call('add', { a: 1 })).toBe(2);
    expect(opened.call('add', [1])).toBe(2);
    expect(opened.call('add', { a: 1, b: 5 })).toBe(6);
  });

  it.each([
    ['add', { a: 1.5 }, '$.a', 'i32', '1.5 is not an integer'],
    ['add', { a: '1' }, '$.a', 'i32', '"1" is not an integer'],
    ['add', { a: 2 ** 31 }, '$.a', 'i32', '2147483648 is outside of -2147483648 to 2147483647'],
    ['add', { a: 1, c: 2 }, '$.c', 'an object with a, b', 'there is no such parameter'],
    ['add', { b: 2 }, '$.a', 'i32', 'it is missing'],
    ['add', [1, 2, 3], '$[2]', 'nothing', 'there are only 2 parameters'],
    ['add', 'x', '$', 'an object with a, b', '"x" is no object with the arguments'],
    [
      'echoU64',
      { value: '18446744073709551616' },
      '$.value',
      'u64',
      '18446744073709551616 is outside of 0 to 18446744073709551615',
    ],
    [
      'echoI64',
      { value: '0x10' },
      '$.value',
      'i64',
      '"0x10" is not an integer, or one in a string',
    ],
    ['echoBool', { value: 1 }, '$.value', 'bool', '1 is not true or false'],
    ['echoString', { value: null }, '$.value', 'string', 'null is not a string'],
    ['echoBuffer', { value: 'AA' }, '$.value', 'ArrayBuffer', '"AA" is no base64'],
    ['echoBytes', { value: [1, 256] }, '$.value[1]', 'u8', '256 is outside of 0 to 255'],
    ['echoNested', { value: [[1], [2, '3']] }, '$.value[1][1]', 'i32', '"3" is not an integer'],
    [
      'echoF64',
      { value: 'nan' },
      '$.value',
      'f64',
      '"nan" is not a number, or "NaN", "Infinity" or "-Infinity"',
    ],
    [
      'echoPath',
      { value: { name: 'p', points: [{ x: 1 }], weights: [] } },
      '$.value.points[0].y',
      'f64',
      'it is missing',
    ],
    [
      'echoPath',
      { value: { name: 'p', points: [], weights: [], color: 1 } },
      '$.value.color',
      'Path',
      'Path has no such field',
    ],
    [
      'echoPaths',
      { value: [7] },
      '$.value[0]',
      'Path',
      '7 is not an object with the fields of Path',
    ],
  ])('%s refuses %j at %s', (name, args, path, expected, problem) => {
    expect(() => opened.call(name, args)).toThrow(
      expect.objectContaining({ path, expected, problem }),
    );
  });

  it('that hold themselves end, and so do those that hold others many times', async () => {
    expect(() => opened.call('circle', [])).toThrow(/more than 256 deep/);
    let left = 1_000_000;
    const spend = (bytes: number) => {
      left -= bytes;
      if (left < 0) throw new Error('spent');
    };
    const { call } = await open();
    expect(() => call('doubling', [10], { ...free, spend })).toThrow('spent');
  });
});

describe('instances', () => {
  it('abort with message, file and line', async () => {
    const { call } = await open();
    expect(() => call('fail', ['no such luck'])).toThrow(
      /^aborted: no such luck at samples\/as-typed\.ts:\d+:\d+$/,
    );
    expect(() => call('index', [[1], 4])).toThrow('aborted: Index out of range at ~lib/array.ts');
    expect(() => call('crash', [])).toThrow(WebAssembly.RuntimeError);
  });

  it('share nothing', async () => {
    const [one, other] = [await open(), await open()];
    expect([one.call('count', []), one.call('count', []), other.call('count', [])]).toEqual([
      1, 2, 1,
    ]);
  });

  it('say what they trace and log', async () => {
    const said: unknown[] = [];
    const { call } = await open(fixture, {
      ...host,
      trace: (message, values) => said.push(['trace', message, values]),
      console: (level, message) => said.push([level, message]),
    });
    expect(call('say', ['hello'])).toBeUndefined();
    expect(said).toEqual([
      ['trace', 'hello', [1.5, -3]],
      ['log', 'hello'],
      ['error', 'hello'],
    ]);
  });

  it.each([
    '__proto__',
    'constructor.x',
    'constructor#x',
    '__getString',
    '__newArray',
    'get:memory',
  ])('with an export called %s are not made', async (name) => {
    const bytes =
      await parse(`(module (memory (export "memory") 1) (global (export "__rtti_base") i32 (i32.const 0))
      ${['__new', '__pin', '__unpin', '__collect', name].map((each) => `(func (export "${each}"))`).join(' ')})`);
    await expect(open(bytes)).rejects.toThrow(
      expect.objectContaining({ code: 'component-unbindable' }),
    );
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('do not let a guest read or write outside of its memory', async () => {
    const functions = [
      { name: 'text', params: [], result: 'string' },
      { name: 'bytes', params: [], result: 'ArrayBuffer' },
      { name: 'view', params: [], result: { typed: 'Float64Array', id: 4 } },
      { name: 'list', params: [], result: { array: 'i32', id: 4 } },
      { name: 'object', params: [], result: { class: 'P' } },
      { name: 'take', params: [{ name: 'p', type: { class: 'P' } }], result: 'void' },
    ];
    const wat = `(module (memory (export "memory") 1) (global (export "__rtti_base") i32 (i32.const 0))
      (func (export "__new") (param i32 i32) (result i32) (i32.const -8)) (func (export "__pin") (param i32) (result i32) (local.get 0))
      (func (export "__unpin") (param i32)) (func (export "__collect")) (func (export "take") (param i32))
      ${functions
        .slice(0, -1)
        .map((each) => `(func (export "${each.name}") (result i32) (i32.const -8))`)
        .join(' ')})`;
    const classes = { P: { id: 4, size: 8, fields: [{ name: 'x', type: 'f64', offset: 0 }] } };
    const { call } = await open(withSection(await parse(wat), { version: 1, functions, classes }));
    for (const { name } of functions)
      expect(() => call(name, name === 'take' ? [{ x: 1 }] : []), name).toThrow(
        /bounds|range|length|invalid id/i,
      );
  });

  it('are collected by the host where their own runtime does not', async () => {
    const source = 'export function litter(size: i32): i32 { return new Uint8Array(size).length; }';
    const outputs = new Map<string, Uint8Array>();
    const { error } = await asc.main(
      ['source.ts', '--outFile', 'out.wasm', '--runtime', 'minimal', '--exportRuntime', '-O'],
      {
        readFile: (name) => (name === 'source.ts' ? source : null),
        writeFile: (name, contents) => void outputs.set(name, contents as Uint8Array),
        listFiles: () => [],
      },
    );
    expect(error).toBeNull();
    const { exports, script } = await open(outputs.get('out.wasm'));
    const [litter] = script.functions;
    if (litter === undefined) throw new Error('the module exports nothing');
    for (let at = 0; at < 5000; at++) exports.call(litter, [100_000], free);
    // Of half a gigabyte.
    expect(exports.memoryBytes()).toBeLessThan(48 * 2 ** 20);
  });

  const calls = process.env['SELVEDGE_MILLION'] === undefined ? 100_000 : 1_000_000;
  it(`stay as large as they were over ${calls} calls`, { timeout: 300_000 }, async () => {
    const { exports, script } = await open();
    const functions = ['echoPath', 'echoString', 'litter', 'add'].map((name) =>
      script.functions.find((each) => each.name === name),
    );
    const values = [
      [{ name: 'p', points: [{ x: 1, y: 2, label: 'here' }], weights: [1, 2] }],
      ['a string of some length, made anew for every call'],
      [4096],
      [1, 2],
    ];
    const round = (count: number) => {
      for (let at = 0; at < count; at++) {
        const called = functions[at % 4];
        if (called === undefined) throw new Error('the fixture lacks a function');
        exports.call(called, checkArguments(called.params, values[at % 4], script), free);
      }
    };
    round(5000);
    const before = exports.memoryBytes();
    round(calls);
    expect(exports.memoryBytes()).toBeLessThanOrEqual(before + 65_536);
  });
});
