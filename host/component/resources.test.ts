import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import type { Component, ResourceType } from './model.ts';
import { assemble, errorOf } from './test-support.ts';

const read = async (body: string): Promise<Component> =>
  readComponent(await assemble(`(component ${body})`));
const refusal = async (body: string) => {
  const bytes = await assemble(`(component ${body})`);
  return errorOf(() => readComponent(bytes));
};

const resourceOf = (component: Component, importName: string, type: string): ResourceType => {
  const found = component.imports.find(({ name }) => name === importName)?.type;
  const bound = found?.kind === 'instance' ? found.exports.get(type) : undefined;
  if (bound?.kind !== 'type' || bound.type.kind !== 'resource')
    throw new Error(`no resource ${type} in ${importName}`);
  return bound.type;
};

describe('resources', () => {
  const IMPORTS = `
    (type $poll (instance
      (export "pollable" (type $p (sub resource)))
      (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (import "a:b/poll" (instance $one (type $poll)))
    (import "a:b/other" (instance $two (type $poll)))
    (alias export $one "pollable" (type $p))
    (type $clock (instance
      (alias outer 1 $p (type $q))
      (export "pollable" (type $r (eq $q)))
      (export "after" (func (result (own $r))))))
    (import "a:b/clock" (instance $clock (type $clock)))`;

  it('shares identity through aliases and gives every import its own', async () => {
    const component = await read(IMPORTS);
    const pollable = resourceOf(component, 'a:b/poll', 'pollable');
    expect(pollable).toMatchObject({ origin: 'import', name: 'pollable', owner: 'a:b/poll' });
    expect(resourceOf(component, 'a:b/clock', 'pollable')).toBe(pollable);
    expect(resourceOf(component, 'a:b/other', 'pollable')).not.toBe(pollable);
    const clock = component.imports[2]?.type;
    const after = clock?.kind === 'instance' ? clock.exports.get('after') : undefined;
    expect(after).toMatchObject({ kind: 'func', result: { kind: 'own' } });
    expect(after?.kind === 'func' && after.result?.kind === 'own' && after.result.resource).toBe(
      pollable,
    );
  });

  it('gives the instance of a component the resources of its arguments, and new ones for its own', async () => {
    const component = await read(`${IMPORTS}
      (component $c
        (import "r" (type $r (sub resource)))
        (import "make" (func $make (result (own $r))))
        (type $mine (resource (rep i32)))
        (export "other" (type $mine))
        (export $e "same" (type $r))
        (export "make" (func $make) (func (result (own $e)))))
      (alias export $clock "after" (func $after))
      (instance $x (instantiate $c (with "r" (type $p)) (with "make" (func $after))))
      (instance $y (instantiate $c (with "r" (type $p)) (with "make" (func $after))))
      (export "x" (instance $x))
      (export "y" (instance $y))`);
    const pollable = resourceOf(component, 'a:b/poll', 'pollable');
    const [x, y] = component.exports.map(({ type }) =>
      type.kind === 'instance' ? type.exports : new Map(),
    );
    expect(x?.get('same').type).toBe(pollable);
    expect(x?.get('make').result.resource).toBe(pollable);
    expect(x?.get('other').type).toMatchObject({ kind: 'resource', origin: 'instance' });
    expect(x?.get('other').type).not.toBe(y?.get('other').type);
  });

  it('names a resource of the component by its first export', async () => {
    const component = await read('(type $r (resource (rep i32))) (export "thing" (type $r))');
    expect(component.exports[0]?.type).toMatchObject({
      kind: 'type',
      type: { origin: 'local', name: 'thing' },
    });
  });

  it.each([
    [
      'a resource of the enclosing component',
      '(type $r (resource (rep i32))) (component (alias outer 1 $r (type)))',
      'resources of the enclosing',
    ],
    [
      'a resource in a type',
      '(type (component (type (resource (rep i32)))))',
      'only be defined in a component',
    ],
    [
      'a borrow as a result',
      '(import "r" (type $r (sub resource))) (type (func (result (borrow $r))))',
      'borrow',
    ],
    ['own of no resource', '(type $t u32) (type (own $t))', 'where a resource is wanted'],
    [
      'resource.new of an import',
      '(import "r" (type $r (sub resource))) (core func (canon resource.new $r))',
      'not defined in this component',
    ],
    ['a method of no resource', '(import "[method]r.f" (func))', 'which is not there'],
    [
      'a method without self',
      '(import "r" (type $r (sub resource))) (import "[method]r.f" (func))',
      'self',
    ],
    [
      'a constructor of something else',
      '(import "r" (type $r (sub resource))) (import "[constructor]r" (func (result u32)))',
      'does not return',
    ],
    [
      'an argument that is no resource',
      '(component $c (import "r" (type (sub resource)))) (type $t u32) (instance (instantiate $c (with "r" (type $t))))',
      'not a resource',
    ],
  ])('refuses %s', async (_, body, words) => {
    const error = await refusal(body);
    expect(error).toMatchObject({ code: 'invalid-component', status: 422 });
    expect(error.message).toContain(words);
  });
});
