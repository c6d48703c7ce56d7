import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import type { DefinedType } from './model.ts';
import { assemble, COMPONENT, errorOf, raw, section } from './test-support.ts';

async function typesOf(body: string): Promise<readonly DefinedType[]> {
  return readComponent(await assemble(`(component ${body})`)).spaces.types.map(({ type }) => type);
}

describe('value types', () => {
  const PRIMITIVES = [
    'bool',
    's8',
    'u8',
    's16',
    'u16',
    's32',
    'u32',
    's64',
    'u64',
    'f32',
    'f64',
    'char',
    'string',
    'error-context',
  ];

  it.each(PRIMITIVES)('reads %s', async (kind) => {
    expect(await typesOf(`(type ${kind})`)).toEqual([{ kind }]);
  });

  it.each([
    [
      '(record (field "a" u8) (field "b-c" string))',
      {
        kind: 'record',
        fields: [
          { name: 'a', type: { kind: 'u8' } },
          { name: 'b-c', type: { kind: 'string' } },
        ],
      },
    ],
    [
      '(variant (case "a") (case "b" u8))',
      {
        kind: 'variant',
        cases: [
          { name: 'a', type: undefined },
          { name: 'b', type: { kind: 'u8' } },
        ],
      },
    ],
    ['(list u8)', { kind: 'list', element: { kind: 'u8' } }],
    ['(list u8 16)', { kind: 'fixed-list', element: { kind: 'u8' }, length: 16 }],
    ['(map string u8)', { kind: 'map', key: { kind: 'string' }, value: { kind: 'u8' } }],
    ['(tuple u8 string)', { kind: 'tuple', elements: [{ kind: 'u8' }, { kind: 'string' }] }],
    ['(flags "a" "b")', { kind: 'flags', labels: ['a', 'b'] }],
    ['(enum "a" "b")', { kind: 'enum', labels: ['a', 'b'] }],
    ['(option u8)', { kind: 'option', value: { kind: 'u8' } }],
    ['(result u8 (error string))', { kind: 'result', ok: { kind: 'u8' }, err: { kind: 'string' } }],
    ['(result)', { kind: 'result', ok: undefined, err: undefined }],
    ['(stream u8)', { kind: 'stream', element: { kind: 'u8' } }],
    ['(stream)', { kind: 'stream', element: undefined }],
    ['(future string)', { kind: 'future', element: { kind: 'string' } }],
  ])('reads %s', async (text, expected) => {
    expect(await typesOf(`(type ${text})`)).toEqual([expected]);
  });

  it('shares nodes instead of writing types out', async () => {
    const [inner, outer] = await typesOf('(type $a (list string)) (type (tuple $a $a))');
    expect(outer?.kind === 'tuple' && outer.elements.map((element) => element === inner)).toEqual([
      true,
      true,
    ]);
  });

  it.each([
    ['an empty record', [0x72, 0]],
    ['an empty variant', [0x71, 0]],
    ['an empty tuple', [0x6f, 0]],
    ['empty flags', [0x6e, 0]],
    ['an empty enum', [0x6d, 0]],
    ['a list of no elements', [0x67, 0x7d, 0]],
    ['a map keyed by lists', [0x63, 0x76, 0x7d]],
  ])('refuses %s', (_, bytes) => {
    expect(errorOf(() => readComponent(raw(COMPONENT, section(7, 1, bytes)))).code).toBe(
      'invalid-component',
    );
  });
});

describe('functions and types of instances and components', () => {
  it('reads async functions', async () => {
    const [sync, isAsync] = await typesOf(
      '(type (func (param "a" u8) (result string))) (type (func async))',
    );
    expect(sync).toEqual({
      kind: 'func',
      async: false,
      params: [{ name: 'a', type: { kind: 'u8' } }],
      result: { kind: 'string' },
    });
    expect(isAsync).toEqual({ kind: 'func', async: true, params: [], result: undefined });
  });

  it('resolves the types of instances and components deeply', async () => {
    const [, type] = await typesOf(
      `
      (type $t (record (field "x" u8)))
      (type (component
        (core type $unused (func))
        (alias outer 1 $t (type $u))
        (import "in" (func (param "a" $u)))
        (import "inst" (instance $i (export "r" (type (sub resource))) (export "v" (type (eq $u)))))
        (alias export $i "r" (type $r))
        (export "out" (func (result (own $r))))
        (export "nested" (component (import "f" (func))))
        (export "named" (type (eq $u)))))`.replaceAll('(eq $u)', '(eq 0)'),
    );
    if (type?.kind !== 'component') throw new Error('not a component type');
    expect([...type.imports.keys()]).toEqual(['in', 'inst']);
    expect([...type.exports.keys()]).toEqual(['out', 'nested', 'named']);
    expect(type.importedResources).toHaveLength(1);
    expect(type.resources).toHaveLength(0);
    const out = type.exports.get('out');
    expect(out?.kind === 'func' && out.result?.kind === 'own' && out.result.resource).toBe(
      type.importedResources[0],
    );
  });

  it('notes the resources that an instance type makes anew', async () => {
    const [type] = await typesOf(
      '(type (instance (export "a" (type (sub resource))) (export "b" (type (sub resource)))))',
    );
    expect(type?.kind === 'instance' && type.resources.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('refuses an import in the type of an instance, and aliases that types cannot have', async () => {
    const withImport = raw(COMPONENT, section(7, 1, 0x42, 1, 0x03, 0, 1, 0x61, 1, 0));
    expect(errorOf(() => readComponent(withImport)).code).toBe('malformed-component');
    const aliased = await assemble(
      '(component (type (instance (export "i" (instance $i (export "f" (func)))) (alias export $i "f" (func)))))',
    );
    expect(errorOf(() => readComponent(aliased)).message).toContain(
      'can alias only types and instances',
    );
  });
});
