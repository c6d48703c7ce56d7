import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { readComponent } from '../component/index.ts';
import { defaultLimits } from '../config/index.ts';
import { confine } from './confinement.ts';
import { demandOf } from './demand.ts';

const componentOf = async (wat: string) => readComponent(await parse(`(component ${wat})`));
const demand = async (wat: string) => demandOf(await componentOf(wat));

const MODULE = '(core module $m (memory 16) (table 1 funcref))';

describe('what a component brings into being', () => {
  it('is nothing for what is only defined', async () => {
    expect(await demand(`${MODULE} (component ${MODULE})`)).toEqual({
      instances: 0,
      memories: 0,
      pages: 0,
      tables: 0,
    });
  });

  it('is counted for each instance of a module', async () => {
    expect(await demand(`${MODULE} ${'(core instance (instantiate $m))'.repeat(40)}`)).toEqual({
      instances: 40,
      memories: 40,
      pages: 640,
      tables: 40,
    });
  });

  it('does not count a memory that is imported', async () => {
    const wat = `(core module $m (memory (export "m") 16)) (core instance $i (instantiate $m))
      (core module $n (import "a" "m" (memory 16))) (core instance (instantiate $n (with "a" (instance $i))))`;
    expect(await demand(wat)).toMatchObject({ instances: 2, memories: 1, pages: 16 });
  });

  it('goes through nested components, their instances, and aliases of outer ones', async () => {
    const wat = `${MODULE} (component $c (alias outer 1 $m (core module $o)) (core instance (instantiate $o)) (core instance (instantiate $o)))
      (component $d (alias outer 1 $c (component $p)) (instance (instantiate $p)) (instance (instantiate $p)))
      (instance (instantiate $d)) (instance (instantiate $d)) (instance (instantiate $d))`;
    expect(await demand(wat)).toMatchObject({ instances: 12, memories: 12, pages: 192 });
  });

  it('is known at once where it doubles with every level', async () => {
    const levels = Array.from({ length: 60 }, (_, at) =>
      at === 0
        ? `(component $c0 ${MODULE} (core instance (instantiate $m)))`
        : `(component $c${at} (alias outer 1 $c${at - 1} (component $p)) (instance (instantiate $p)) (instance (instantiate $p)))`,
    );
    expect((await demand(`${levels.join('\n')} (instance (instantiate $c59))`)).instances).toBe(
      2 ** 59,
    );
  });

  it('assumes the most demanding module where it is given one', async () => {
    const wat = `${MODULE} (core module $small) (component $c (import "m" (core module $g)) (core instance (instantiate $g)))
      (instance (instantiate $c (with "m" (core module $small))))`;
    expect(await demand(wat)).toMatchObject({ memories: 1, pages: 16 });
  });

  it('cannot be told where a component is given, which is refused', async () => {
    const component = await componentOf(
      '(component $c (import "c" (component $g)) (instance (instantiate $g))) (component $d) (instance (instantiate $c (with "c" (component $d))))',
    );
    expect(() => demandOf(component)).toThrow(
      expect.objectContaining({ code: 'feature-refused', status: 422 }),
    );
  });

  it('of a program is a memory, and a few instances', () => {
    const hello = readComponent(
      readFileSync(new URL('../../fixtures/hello.wasm', import.meta.url)),
    );
    expect(demandOf(hello)).toMatchObject({ memories: 1 });
    expect(demandOf(hello).instances).toBeLessThan(10);
  });
});

describe('limits.memory', () => {
  it('holds for all instances of a module together', async () => {
    const component = await componentOf(
      `(core module $m (memory 1000)) ${'(core instance (instantiate $m))'.repeat(3)}`,
    );
    expect(() => confine({ component }, defaultLimits())).toThrow(
      expect.objectContaining({ code: 'memory-too-large', status: 422 }),
    );
  });

  it('is no licence for any number of instances', async () => {
    const component = await componentOf(
      `(core module $m) ${'(core instance (instantiate $m))'.repeat(300)}`,
    );
    expect(() => confine({ component }, defaultLimits())).toThrow(
      expect.objectContaining({ code: 'instances-too-many', status: 422 }),
    );
  });
});
