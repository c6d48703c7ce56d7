import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { readComponent } from '../../component/index.ts';
import { callablesOf } from './callables.ts';
import { readCall } from './wave.ts';

const of = async (body: string) =>
  callablesOf(
    readComponent(
      await parse(`(component
        (core module $m (func (export "f") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f")))
        (instance $one (export "f" (func $f)))
        ${body})`),
    ),
  );

describe('what can be called', () => {
  it('goes by the short name of its interface where there is one of that name', async () => {
    const { functions, list } = await of(
      '(export "a:b/one@1.0.0" (instance $one)) (export "f" (func $f))',
    );
    expect([...functions.keys()].sort()).toEqual(['a:b/one@1.0.0/f', 'f', 'one/f']);
    expect(list.map((each) => each.path).sort()).toEqual(['f', 'one/f']);
  });

  it('goes by full names only where two interfaces have one short name', async () => {
    const callables = await of(
      '(export "a:b/one@1.0.0" (instance $one)) (export "a:c/one" (instance $one))',
    );
    expect([...callables.functions.keys()].sort()).toEqual(['a:b/one@1.0.0/f', 'a:c/one/f']);
    expect(() => readCall('f()', callables)).toThrow('"f" is the name of several functions');
    expect(readCall('a:b/one.f@1.0.0()', callables).callable.path).toBe('a:b/one@1.0.0/f');
  });

  it('leaves out what has no JSON form, and says why', async () => {
    const { list, left } = await of(`
      (import "x:y/z" (instance $z (export "r" (type (sub resource)))))
      (alias export $z "r" (type $r))
      (type $s (stream u8))
      (core module $n (func (export "g") (param i32)))
      (core instance $j (instantiate $n))
      (func $g (param "r" (own $r)) (canon lift (core func $j "g")))
      (func $h (param "s" $s) (canon lift (core func $j "g")))
      (export "g" (func $g)) (export "h" (func $h))`);
    expect(list).toEqual([]);
    expect(left).toEqual([
      { name: 'g', reason: 'r is a resource of another component' },
      { name: 'h', reason: 'stream<u8> has no JSON form' },
    ]);
  });
});
