import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capModule } from './caps.ts';

const caps = { extraPages: 3, tableElements: 10 };

async function exportsOf(wat: string): Promise<Record<string, (...args: number[]) => number>> {
  const capped = capModule(await parse(wat), caps);
  return new WebAssembly.Instance(new WebAssembly.Module(capped)).exports as Record<
    string,
    (...args: number[]) => number
  >;
}

describe('capModule', () => {
  it('lets a memory grow by the extra pages and no further', async () => {
    const guest = await exportsOf(
      '(module (memory 2) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))',
    );
    expect(guest['grow']?.(3)).toBe(2);
    expect(guest['grow']?.(1)).toBe(-1);
  });

  it('keeps a maximum that is lower than the cap', async () => {
    const guest = await exportsOf(
      '(module (memory 2 3) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))',
    );
    expect(guest['grow']?.(1)).toBe(2);
    expect(guest['grow']?.(1)).toBe(-1);
  });

  it('lowers a maximum that is above the cap', async () => {
    const guest = await exportsOf(
      '(module (memory 1 65536) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))',
    );
    expect(guest['grow']?.(4)).toBe(-1);
    expect(guest['grow']?.(3)).toBe(1);
  });

  it('caps tables of every reference type', async () => {
    const guest = await exportsOf(
      `(module (table $f 1 funcref) (table $e 1 externref)
        (func (export "growF") (param i32) (result i32) (table.grow $f (ref.null func) (local.get 0)))
        (func (export "growE") (param i32) (result i32) (table.grow $e (ref.null extern) (local.get 0))))`,
    );
    for (const grow of ['growF', 'growE']) {
      expect(guest[grow]?.(10)).toBe(-1);
      expect(guest[grow]?.(9)).toBe(1);
      expect(guest[grow]?.(1)).toBe(-1);
    }
  });

  it('changes nothing else: code, data, names and custom sections stay as they are', async () => {
    const module = await parse(
      '(module $named (memory 1) (data (i32.const 8) "kept") (func $f (export "f") (result i32) (i32.load (i32.const 8))) (@custom "note" "hello"))',
    );
    const capped = new WebAssembly.Module(capModule(module, caps));
    const before = new WebAssembly.Module(module);
    for (const name of ['name', 'note']) {
      expect(WebAssembly.Module.customSections(capped, name)).toEqual(
        WebAssembly.Module.customSections(before, name),
      );
    }
    const call = (of: WebAssembly.Module) =>
      (new WebAssembly.Instance(of).exports['f'] as () => number)();
    expect(call(capped)).toBe(call(before));
  });

  it('returns a module without memory and tables as it is', async () => {
    const module = await parse('(module (import "env" "memory" (memory 1)) (func))');
    expect(capModule(module, caps)).toBe(module);
  });

  it.each([
    ['a shared memory', '(module (memory 1 2 shared))', /shared/],
    ['a 64-bit memory', '(module (memory i64 1))', /64-bit/],
    ['a table above the cap', '(module (table 11 funcref))', /11 elements/],
    [
      'a table with an initialiser',
      '(module (table 2 (ref func) (ref.func $f)) (func $f) (elem declare func $f))',
      /initialiser/,
    ],
  ])('refuses %s', async (_what, wat, message) => {
    const module = await parse(wat);
    expect(() => capModule(module, caps)).toThrow(message);
  });

  it('gives a valid module or a RewriteError for any bytes after the preamble', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (tail) => {
        const module = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...tail]);
        try {
          capModule(module, caps);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'module-not-confinable' });
        }
      }),
    );
  });
});
