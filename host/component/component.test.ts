import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import type { Component } from './model.ts';
import { assemble, COMPONENT, errorOf, MODULE, raw, section, text } from './test-support.ts';

const read = async (body: string): Promise<Component> =>
  readComponent(await assemble(`(component ${body})`));
const refusal = async (body: string) => {
  const bytes = await assemble(`(component ${body})`);
  return errorOf(() => readComponent(bytes));
};

const LIBC = `
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
    (func (export "run"))
    (func (export "post"))
    (table (export "table") 1 funcref)
    (global (export "global") i32 (i32.const 0)))
  (core instance $i (instantiate $libc))`;

describe('sections', () => {
  it('reads an empty component', () => {
    const component = readComponent(Uint8Array.from(COMPONENT));
    expect(component).toMatchObject({
      kind: 'component',
      range: { start: 0, end: 8 },
      definitions: [],
    });
  });

  it('gives core modules as views of the upload', async () => {
    const bytes = await assemble('(component (core module (func (export "f"))))');
    const [embedded] = readComponent(bytes).modules;
    expect(embedded?.bytes.buffer).toBe(bytes.buffer);
    expect([...(embedded?.bytes.subarray(0, 8) ?? [])]).toEqual(MODULE);
    expect(embedded?.module.exports).toMatchObject([
      { name: 'f', index: 0, type: { kind: 'func' } },
    ]);
    expect(embedded?.range.end).toBe(bytes.length);
  });

  it('reads core instances, bags of exports and core aliases', async () => {
    const component = await read(`${LIBC}
      (alias core export $i "memory" (core memory $m))
      (alias core export $i "table" (core table $t))
      (alias core export $i "global" (core global $g))
      (alias core export $i "run" (core func $f))
      (core instance $bag (export "m" (memory $m)) (export "t" (table $t)) (export "g" (global $g)) (export "f" (func $f)))
      (core module $user (import "env" "m" (memory 1)) (import "env" "f" (func)))
      (core instance (instantiate $user (with "env" (instance $bag))))`);
    expect(component.definitions.map(({ kind }) => kind)).toEqual([
      'core-module',
      'core-instance',
      'alias',
      'alias',
      'alias',
      'alias',
      'core-instance',
      'core-module',
      'core-instance',
    ]);
    expect(component.definitions[2]).toMatchObject({
      sort: 'core memory',
      index: 0,
      target: { kind: 'core-export', instance: 0, name: 'memory' },
    });
    expect(component.definitions[8]).toMatchObject({
      index: 2,
      init: { kind: 'instantiate', module: 1, args: [{ name: 'env', instance: 1 }] },
    });
    expect(component.spaces.coreFuncs[0]).toMatchObject({
      type: { kind: 'func', params: [], results: [] },
    });
    expect(component.spaces.coreFuncs[0]?.definition).toBe(component.definitions[5]);
  });

  it('reads core types, module types and their aliases', async () => {
    const component = await read(`
      (core type $f (func (param i32) (result i64)))
      (core type $m (module
        (alias outer 1 $f (type $g))
        (import "a" "b" (func (type $g)))
        (export "memory" (memory 1 2))
        (export "global" (global (mut f64)))))
      (core type $s (struct (field (mut i8))))
      (import "mod" (core module (type $m)))`);
    expect(component.imports[0]).toMatchObject({ sort: 'core module', index: 0 });
    const { type } = component.imports[0] ?? {};
    expect(type).toMatchObject({
      kind: 'module',
      imports: [{ module: 'a', name: 'b', type: { params: ['i32'], results: ['i64'] } }],
    });
    expect(type?.kind === 'module' && type.exports.get('memory')).toMatchObject({
      kind: 'memory',
      minimum: 1n,
      maximum: 2n,
    });
    expect(component.spaces.coreTypes.map((entry) => entry.type.kind)).toEqual([
      'sub',
      'module',
      'sub',
    ]);
  });

  it('reads nested components with outer aliases and instances of them', async () => {
    const component = await read(
      `
      (type $t (record (field "x" u32)))
      (core module $m)
      (component $shared (export "unused" (core module $m)))
      (component $inner
        (alias outer 1 $t (type $u))
        (alias outer 1 $m (core module $n))
        (alias outer 1 $shared (component $c))
        (import "f" (func $f (param "a" $u)))
        (export "g" (func $f))
        (export "again" (component $c))
        (export "n" (core module $n)))
      (import "f" (func $f (param "a" $t)))
      (instance $i (instantiate $inner (with "f" (func $f))))
      (alias export $i "g" (func $g))
      (instance $bag (export "h" (func $g)))
      (export "out" (instance $bag))`.replace(
        '(component $shared (export "unused" (core module $m)))',
        '(component $shared)',
      ),
    );
    expect(component.components).toHaveLength(2);
    expect(component.components[1]?.definitions.slice(0, 3)).toMatchObject([
      { kind: 'alias', sort: 'type', target: { kind: 'outer', count: 1, index: 0 } },
      { kind: 'alias', sort: 'core module', target: { kind: 'outer', count: 1, index: 0 } },
      { kind: 'alias', sort: 'component', target: { kind: 'outer', count: 1, index: 0 } },
    ]);
    const instance = component.spaces.instances[0];
    expect([...(instance?.type.exports.keys() ?? [])]).toEqual(['g', 'again', 'n']);
    const out = component.exports[0];
    expect(out).toMatchObject({
      name: 'out',
      sort: 'instance',
      item: { sort: 'instance', index: 1 },
      index: 2,
    });
    const record = component.spaces.types[0]?.type;
    const h = out?.type.kind === 'instance' ? out.type.exports.get('h') : undefined;
    expect(h?.kind === 'func' && h.params[0]?.type).toBe(record);
  });

  it('reads start with the values that it takes and gives', async () => {
    const bytes = raw(
      COMPONENT,
      section(7, 1, 0x40, 1, text('a'), 0x79, 0x00, 0x73),
      section(10, 2, 0, text('f'), 0x01, 0, 0, text('v'), 0x02, 0x01, 0x79),
      section(9, 0, 1, 0, 1),
    );
    const component = readComponent(bytes);
    expect(component.definitions.at(-1)).toMatchObject({
      kind: 'start',
      func: 0,
      args: [0],
      results: 1,
    });
    expect(component.spaces.values.map((entry) => entry.type.kind)).toEqual(['u32', 'string']);
  });

  it('reads value definitions without decoding their bytes', () => {
    const bytes = raw(COMPONENT, section(12, 1, 0x79, 1, 42));
    const [value] = readComponent(bytes).definitions;
    expect(value).toMatchObject({
      kind: 'value',
      type: { kind: 'u32' },
      data: { start: 13, end: 14 },
    });
    expect(bytes[13]).toBe(42);
  });

  it('keeps the ranges of all sections and the contents of custom ones', async () => {
    const bytes = raw(
      COMPONENT,
      section(0, text('package-docs'), 1, 2, 3),
      section(0, text('other')),
    );
    const component = readComponent(bytes);
    expect(
      component.customSections.map(({ name, range, bytes: body }) => [
        name,
        range.end - range.start,
        [...body],
      ]),
    ).toEqual([
      ['package-docs', 3, [1, 2, 3]],
      ['other', 0, []],
    ]);
    expect(component.sections.map(({ id, range }) => [id, range.start])).toEqual([
      [0, 8],
      [0, 26],
    ]);
  });

  it('decodes component names and producers, and leaves broken ones unread', async () => {
    const component = await read('$top (type $point (record (field "x" u32))) (core module $m)');
    expect(component.names?.component).toBe('top');
    expect(component.names?.items.get('type')?.get(0)).toBe('point');
    expect(component.names?.items.get('core module')?.get(0)).toBe('m');
    const producers = section(
      0,
      text('producers'),
      1,
      text('language'),
      1,
      text('Rust'),
      text('1.96'),
    );
    expect(readComponent(raw(COMPONENT, producers)).producers).toEqual([
      { field: 'language', values: [{ name: 'Rust', version: '1.96' }] },
    ]);
    const broken = readComponent(
      raw(COMPONENT, section(0, text('producers'), 9, 9), section(0, text('component-name'), 1)),
    );
    expect(broken.producers).toBeUndefined();
    expect(broken.names).toBeUndefined();
    expect(broken.customSections).toHaveLength(2);
  });

  it('reads the options that newer tools put beside a name', () => {
    const name = [2, ...text('a:b/c@0.2'), 2, 1, ...text('.7'), 2, ...text('id')];
    const bytes = raw(COMPONENT, section(7, 1, 0x42, 0), section(10, 1, name, 5, 0));
    expect(readComponent(bytes).imports[0]).toMatchObject({
      name: 'a:b/c@0.2.7',
      parsed: { kind: 'interface', version: '0.2.7' },
      options: { versionSuffix: '.7', externalId: 'id', implements: undefined },
    });
  });

  it('freezes what it returns', async () => {
    const component = await read(
      '(import "r" (type $r (sub resource))) (import "f" (func (param "a" (own $r))))',
    );
    const stack: unknown[] = [component];
    const seen = new Set<unknown>();
    while (stack.length > 0) {
      const next = stack.pop();
      if (typeof next !== 'object' || next === null || seen.has(next) || ArrayBuffer.isView(next))
        continue;
      seen.add(next);
      expect(Object.isFrozen(next) || next instanceof Map || next instanceof Set).toBe(true);
      stack.push(...(next instanceof Map ? next.values() : Object.values(next)));
    }
    expect(seen.size).toBeGreaterThan(20);
  });
});

describe('refusals', () => {
  it('say how to go on, for a file that was cut off as for one that no rule allows', () => {
    const cut = errorOf(() => readComponent(Uint8Array.from([...COMPONENT, 7, 5, 0])));
    expect(cut.fix).toBe('build or copy it again; `wasm-tools validate FILE` shows more');
    const wrong = errorOf(() => readComponent(raw(COMPONENT, section(7, 1, 0x70, 0))));
    expect(wrong.fix).toContain('wasm-tools validate FILE');
  });

  it.each([
    ['an unknown section', raw(COMPONENT, section(13)), 'malformed-component', 8],
    [
      'a section that runs past the end',
      Uint8Array.from([...COMPONENT, 7, 5, 0]),
      'malformed-component',
      10,
    ],
    ['a section with bytes left over', raw(COMPONENT, section(7, 0, 0)), 'malformed-component', 11],
    [
      'a length that the bytes cannot hold',
      raw(COMPONENT, section(7, 100)),
      'malformed-component',
      10,
    ],
    ['an unknown type', raw(COMPONENT, section(7, 1, 0x6c)), 'malformed-component', 11],
    ['a type that does not exist', raw(COMPONENT, section(7, 1, 0x70, 0)), 'invalid-component', 12],
    [
      'a name that is not UTF-8',
      raw(COMPONENT, section(7, 1, 0x72, 1, 1, 0xff, 0x79)),
      'malformed-component',
      13,
    ],
    [
      'a name outside the grammar',
      raw(COMPONENT, section(7, 1, 0x42, 0), section(10, 1, 0, text('_a'), 5, 0)),
      'invalid-name',
      16,
    ],
    ['a broken nested module', raw(COMPONENT, section(1, MODULE, 99)), 'malformed-module', 18],
    [
      'a nested module that is a component',
      raw(COMPONENT, section(1, COMPONENT)),
      'malformed-module',
      10,
    ],
    [
      'a nested component that is a module',
      raw(COMPONENT, section(4, MODULE)),
      'malformed-component',
      10,
    ],
  ])('points at %s', (_, bytes, code, offset) => {
    const error = errorOf(() => readComponent(bytes));
    expect(error).toMatchObject({ code, offset, details: { offset } });
    expect(error.message).toContain(`at byte ${offset}`);
  });

  it.each([
    ['two imports of one name', '(import "a" (func)) (import "a" (func))', 'clashes'],
    [
      'two exports that bindings cannot tell apart',
      '(import "f" (func $f)) (export "a-b" (func $f)) (export "A-B" (func $f))',
      'clashes',
    ],
    ['fields that clash', '(type (record (field "a-b" u8) (field "ab" u8)))', 'clashes'],
    [
      'an alias of what an instance lacks',
      '(import "i" (instance $i)) (alias export $i "x" (func))',
      'has no export',
    ],
    [
      'an alias of another sort',
      '(import "i" (instance $i (export "x" (func)))) (alias export $i "x" (instance))',
      'is a func',
    ],
    ['an outer alias beyond the outermost', '(alias outer 9 0 (type))', 'leads nowhere'],
    [
      'a missing argument',
      '(component $c (import "f" (func))) (instance (instantiate $c))',
      'is missing',
    ],
    [
      'an argument given twice',
      '(import "f" (func $f)) (component $c) (instance (instantiate $c (with "a" (func $f)) (with "a" (func $f))))',
      'twice',
    ],
    [
      'a core import that nothing provides',
      '(core module $m (import "a" "b" (func))) (core instance (instantiate $m))',
      'which no argument has',
    ],
    [
      'a core export of another kind',
      `${LIBC} (alias core export $i "run" (core memory))`,
      'is a core func',
    ],
    [
      'a function type that is none',
      '(type $t u32) (import "f" (func (type $t)))',
      'where a func is wanted',
    ],
  ])('refuses %s', async (_, body, words) => {
    const error = await refusal(body);
    expect(error.code).toBe('invalid-component');
    expect(error.message).toContain(words);
  });

  it('takes core names such as __proto__ for what they are', async () => {
    const component = await read(
      '(core module $m (func (export "__proto__")) (func (export "constructor"))) (core instance $i (instantiate $m)) (alias core export $i "__proto__" (core func))',
    );
    expect([...(component.spaces.coreInstances[0]?.type.keys() ?? [])]).toEqual([
      '__proto__',
      'constructor',
    ]);
    const error = await refusal(
      '(core module $m) (core instance $i (instantiate $m)) (alias core export $i "toString" (core func))',
    );
    expect(error.message).toContain('has no export');
  });
});
