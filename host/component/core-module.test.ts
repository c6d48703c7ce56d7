import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { readCoreModule } from './core-module.ts';
import type { CoreModule } from './core-model.ts';
import { assemble, errorOf, leb, MODULE, raw, section, text } from './test-support.ts';

const read = async (body: string): Promise<CoreModule> =>
  readCoreModule(await assemble(`(module ${body})`));

describe('readCoreModule', () => {
  it('reads imports and exports with their types', async () => {
    const module = await read(
      `
      (import "a" "f" (func (param i32 f64) (result i64)))
      (import "a" "m" (memory 1 2))
      (import "b" "t" (table 1 2 funcref))
      (import "b" "g" (global (mut i32)))
      (func $h (export "h") (param v128))
      (export "m" (memory 0))
      (export "t" (table 0))
      (export "g" (global 0))
      (export "f" (func 0))
      (start 1)
      (func)
      (start $s) (func $s)`.replace('(start 1)\n', ''),
    );
    expect(module.imports.map(({ module: from, name, type }) => [from, name, type.kind])).toEqual([
      ['a', 'f', 'func'],
      ['a', 'm', 'memory'],
      ['b', 't', 'table'],
      ['b', 'g', 'global'],
    ]);
    expect(module.imports[0]?.type).toMatchObject({ params: ['i32', 'f64'], results: ['i64'] });
    expect(module.exports).toMatchObject([
      { name: 'h', index: 1, type: { kind: 'func', params: ['v128'] } },
      {
        name: 'm',
        type: {
          kind: 'memory',
          minimum: 1n,
          maximum: 2n,
          shared: false,
          is64: false,
          pageSizeLog2: 16,
        },
      },
      { name: 't', type: { kind: 'table', element: { heap: 'func' }, maximum: 2n } },
      { name: 'g', type: { kind: 'global', type: 'i32', mutable: true } },
      { name: 'f', index: 0, type: { params: ['i32', 'f64'] } },
    ]);
    expect(module).toMatchObject({ importedFunctions: 1, start: 3 });
    expect(module.functions).toHaveLength(4);
    expect([...module.features]).toEqual(['simd']);
    expect(module.type.exports.get('h')).toBe(module.exports[0]?.type);
  });

  it('counts segments and steps over every form of them', async () => {
    const module = await read(`
      (global $g (import "a" "b") i32) (memory 1) (table 4 funcref) (table 1 externref) (func $f)
      (elem (i32.const 0) $f) (elem funcref (ref.func $f)) (elem (table 0) (i32.const 1) funcref (ref.null func))
      (elem declare func $f) (elem (table 1) (i32.const 0) externref (ref.null extern)) (elem func $f)
      (data (i32.const 0) "abc") (data "de") (data (global.get $g) "f") (data (i32.add (i32.const 1) (i32.const 2)) "")
      (global i64 (i64.const -1)) (global f32 (f32.const 1)) (global f64 (f64.const 1)) (global v128 (v128.const i64x2 1 2))`);
    expect(module).toMatchObject({ elementSegments: 6, dataSegments: 4, dataBytes: 6 });
    expect(module.globals).toHaveLength(5);
    expect(module.features.has('extended-const')).toBe(true);
  });

  it.each([
    ['gc', '(type (struct (field i8)))'],
    ['gc', '(rec (type $a (func)) (type (sub $a (func))))'],
    ['gc', '(type $a (array i32)) (global (ref $a) (array.new_default $a (i32.const 1)))'],
    ['typed-references', '(type $f (func)) (func (param (ref $f)))'],
    ['exceptions', '(tag (param i32))'],
    ['threads', '(memory 1 1 shared)'],
    ['memory64', '(memory i64 1)'],
    ['table64', '(table i64 1 funcref)'],
    ['multi-memory', '(memory 1) (memory 1)'],
    ['custom-page-sizes', '(memory 1 (pagesize 1))'],
    ['stack-switching', '(type $f (func)) (type (cont $f))'],
  ])('notices %s in %s', async (feature, body) => {
    expect([...(await read(body)).features]).toContain(feature);
  });

  it('reads imports in both compact forms', () => {
    const each = [text('a'), text(''), 0x7f, 2, text('x'), 0x03, 0x7f, 0, text('y'), 0x02, 0, 1];
    const shared = [text('b'), text(''), 0x7e, 0x00, 0, 2, text('f'), text('g')];
    const items = section(2, 2, ...each, ...shared);
    const module = readCoreModule(raw(MODULE, section(1, 1, 0x60, 0, 0), items));
    expect(
      module.imports.map(({ module: from, name, type }) => `${from}.${name}:${type.kind}`),
    ).toEqual(['a.x:global', 'a.y:memory', 'b.f:func', 'b.g:func']);
    expect(module).toMatchObject({ importedFunctions: 2 });
    expect(module.features.has('compact-imports')).toBe(true);
  });

  it('decodes the module name and producers', async () => {
    const module = await read(
      '$hello (@producers (language "Rust" "1.96") (processed-by "x" "2"))',
    );
    expect(module.name).toBe('hello');
    expect(module.producers).toEqual([
      { field: 'language', values: [{ name: 'Rust', version: '1.96' }] },
      { field: 'processed-by', values: [{ name: 'x', version: '2' }] },
    ]);
    expect(readCoreModule(raw(MODULE, section(0, text('name'), 0, 9))).name).toBeUndefined();
  });

  it('agrees with the engine on a real module', () => {
    const path = fileURLToPath(import.meta.resolve('@bytecodealliance/jco-transpile')).replace(
      'dist/index.js',
      'vendor/wasm-tools.core.wasm',
    );
    const bytes = new Uint8Array(readFileSync(path));
    const ours = readCoreModule(bytes);
    const engine = new WebAssembly.Module(bytes);
    expect(
      ours.imports.map(({ module, name, type }) => ({ module, name, kind: kindOf(type.kind) })),
    ).toEqual(ENGINE.imports(engine));
    expect(ours.exports.map(({ name, type }) => ({ name, kind: kindOf(type.kind) }))).toEqual(
      ENGINE.exports(engine),
    );
  });

  const FUNC = section(1, 1, 0x60, 0, 0);

  it.each([
    ['sections out of order', raw(MODULE, section(3, 0), section(1, 0)), 'malformed-module', 11],
    ['a section twice', raw(MODULE, section(1, 0), section(1, 0)), 'malformed-module', 11],
    ['an unknown section', raw(MODULE, section(14)), 'malformed-module', 8],
    ['functions without bodies', raw(MODULE, FUNC, section(3, 1, 0)), 'malformed-module', 18],
    [
      'more bodies than functions',
      raw(MODULE, FUNC, section(10, 1, 2, 0, 0x0b)),
      'limit-exceeded',
      16,
    ],
    [
      'a body past the end',
      raw(MODULE, FUNC, section(3, 1, 0), section(10, 1, 9, 0)),
      'malformed-module',
      22,
    ],
    ['a type that does not exist', raw(MODULE, FUNC, section(3, 1, 1)), 'invalid-module', 17],
    ['data that is not counted', raw(MODULE, section(12, 1)), 'malformed-module', 11],
    [
      'an export twice',
      raw(MODULE, section(5, 1, 0, 1), section(7, 2, text('a'), 2, 0, text('a'), 2, 0)),
      'invalid-module',
      20,
    ],
    ['an export of nothing', raw(MODULE, section(7, 1, text('a'), 0, 0)), 'invalid-module', 14],
    ['a start that does not exist', raw(MODULE, section(8, 0)), 'invalid-module', 10],
    [
      'a memory beyond its address space',
      raw(MODULE, section(5, 1, 0, leb(65_537))),
      'invalid-module',
      11,
    ],
    ['a maximum below the minimum', raw(MODULE, section(5, 1, 1, 2, 1)), 'invalid-module', 11],
    [
      'a call in a constant expression',
      raw(MODULE, section(6, 1, 0x7f, 0, 0x10, 0)),
      'malformed-module',
      13,
    ],
    [
      'a 101st memory',
      raw(MODULE, section(5, 101, ...Array.from({ length: 101 }, () => [0, 0]))),
      'limit-exceeded',
      11,
    ],
  ])('refuses %s', (_, bytes, code, offset) => {
    expect(errorOf(() => readCoreModule(bytes))).toMatchObject({ code, offset });
  });
});

/** The compiler's library for `esnext` alone lacks these two. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the JavaScript API has them
const ENGINE = WebAssembly.Module as unknown as {
  imports(module: WebAssembly.Module): unknown;
  exports(module: WebAssembly.Module): unknown;
};

function kindOf(kind: string): string {
  return kind === 'func' ? 'function' : kind;
}
