import { readdirSync, readFileSync } from 'node:fs';

import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import type { Component } from './model.ts';
import { sniff } from './sniff.ts';
import { assemble, componentOf } from './test-support.ts';
import { usedFunctions } from './uses.ts';

describe('usedFunctions', () => {
  it('splits each import into functions, types and the rest', async () => {
    const component = readComponent(
      await assemble(`(component
        (import "a:b/poll@0.2.0" (instance
          (export "pollable" (type $p (sub resource)))
          (export "[method]pollable.block" (func (param "self" (borrow $p))))
          (export "poll" (func))))
        (import "a:b/error@0.2.0" (instance (export "error" (type (sub resource)))))
        (import "plain" (func))
        (import "inst" (instance (export "inner" (instance (export "deep" (func))))))
        (import "c" (component)))`),
    );
    const uses = usedFunctions(component);
    expect(
      uses.map(({ name, functions, types, typesOnly }) => [
        name,
        functions.map((used) => used.name),
        types,
        typesOnly,
      ]),
    ).toEqual([
      ['a:b/poll@0.2.0', ['[method]pollable.block', 'poll'], ['pollable'], false],
      ['a:b/error@0.2.0', [], ['error'], true],
      ['plain', ['plain'], [], false],
      ['inst', ['inner/deep'], [], false],
      ['c', [], [], false],
    ]);
    expect(uses[0]?.parsed).toMatchObject({ kind: 'interface', namespace: 'a', version: '0.2.0' });
    expect(uses[4]?.others).toEqual([{ name: 'c', kind: 'component' }]);
  });

  it('reads a world of WASI 0.3 shape', async () => {
    const component = readComponent(
      await componentOf(
        `package test:http@0.3.0;
         interface types {
           resource request { consume: static func(this: request) -> tuple<stream<u8>, future<result<_, string>>>; }
           resource response { constructor(); }
         }
         interface handler { use types.{request, response}; handle: async func(r: request) -> result<response, string>; }
         world service { import types; export handler; }`,
        'service',
      ),
    );
    const handler = component.exports.find(({ name }) => name === 'test:http/handler@0.3.0');
    const handle =
      handler?.type.kind === 'instance' ? handler.type.exports.get('handle') : undefined;
    expect(handle).toMatchObject({ kind: 'func', async: true });
    const imported = component.imports[0]?.type;
    const request = imported?.kind === 'instance' ? imported.exports.get('request') : undefined;
    const param = handle?.kind === 'func' ? handle.params[0]?.type : undefined;
    expect(
      param?.kind === 'own' && request?.kind === 'type' && param.resource === request.type,
    ).toBe(true);
    const [use] = usedFunctions(component);
    expect(use?.functions.map(({ name }) => name)).toContain('[static]request.consume');
  });
});

describe('fixtures', () => {
  const FIXTURES = new URL('../../fixtures/', import.meta.url);
  const load = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, FIXTURES)));
  const components = readdirSync(FIXTURES)
    .filter((name) => name.endsWith('.wasm'))
    .filter((name) => sniff(load(name)).kind === 'component');

  it.each(components)('%s imports and exports what its WIT says', async (name) => {
    const bytes = load(name);
    const component = readComponent(bytes);
    const world = (await componentWit(bytes)).split('\n}')[0] ?? '';
    const said = (word: 'import' | 'export'): string[] =>
      [...world.matchAll(new RegExp(`^  ${word} ([^:;]+:[^;]+/[^;]+);$`, 'gm'))]
        .map((match) => match[1]!)
        .toSorted();
    expect(interfaces(component.imports)).toEqual(said('import'));
    expect(interfaces(component.exports)).toEqual(said('export'));
  });

  it.each(components)('%s shares each resource among the interfaces that use it', (name) => {
    const component = readComponent(load(name));
    for (const type of ['pollable', 'input-stream', 'output-stream', 'error', 'descriptor']) {
      const owners = importsOf(component, type);
      const versions = new Set(owners.map(({ version }) => version));
      // One interface defines it in each version; all others of that version alias that one.
      expect(new Set(owners.map(({ resource }) => resource)).size).toBeLessThanOrEqual(
        versions.size,
      );
    }
  });
});

const interfaces = (items: readonly { name: string; parsed: { kind: string } }[]): string[] =>
  items
    .filter(({ parsed }) => parsed.kind === 'interface')
    .map((item) => item.name)
    .toSorted();

function importsOf(component: Component, type: string) {
  return component.imports.flatMap(({ name, type: extern }) => {
    const found = extern.kind === 'instance' ? extern.exports.get(type) : undefined;
    return found?.kind === 'type' && found.type.kind === 'resource'
      ? [{ version: name.split('@')[1], resource: found.type }]
      : [];
  });
}
