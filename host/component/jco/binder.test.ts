import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import type { BinderCache, BindOptions } from '../binder.ts';
import { readComponent } from '../component.ts';
import { createJcoBinder } from './binder.ts';

const minimal = new URL('../../../fixtures/minimal.wasm', import.meta.url);

function bindOptions(bytes: Uint8Array): BindOptions {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    bytes,
    component: readComponent(bytes),
    sha256,
    blocking: [],
    transform: (module) => module,
  };
}

function memoryCache(): BinderCache & { readonly entries: Map<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    get: async (key) => entries.get(key),
    put: async (key, bytes) => void entries.set(key, bytes),
  };
}

/** A component around one core module, with one function `f`. */
function component(coreModule: string): Promise<Uint8Array> {
  return parse(`(component
    (core module $m ${coreModule})
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`);
}

const returnsOne = '(func (export "f") (result i32) (i32.const 1))';

describe('the jco binder', () => {
  it('binds a component whose exports are then called', async () => {
    const bound = await createJcoBinder().bind(bindOptions(await readFile(minimal)));
    const exports = await bound.instantiate({});
    const add = exports['add'] as (a: number, b: number) => Promise<number>;
    expect(await add(20, 22)).toBe(42);
  });

  it('gives instances that share no state', async () => {
    const bytes = await component(`(global $n (mut i32) (i32.const 0))
      (func (export "f") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))`);
    const bound = await createJcoBinder().bind(bindOptions(bytes));
    const [a, b] = [await bound.instantiate({}), await bound.instantiate({})] as {
      f: () => Promise<number>;
    }[];
    expect([await a?.f(), await a?.f(), await b?.f()]).toEqual([1, 2, 1]);
  });

  it('gives one component the same interface in several patch versions', async () => {
    const bytes = await parse(`(component
      (import "wasi:random/random@0.2.0" (instance $old (export "get-random-u64" (func (result u64)))))
      (import "wasi:random/random@0.2.12" (instance $new (export "get-random-u64" (func (result u64)))))
      (core func $old (canon lower (func $old "get-random-u64")))
      (core func $new (canon lower (func $new "get-random-u64")))
      (core module $m
        (import "h" "old" (func $old (result i64))) (import "h" "new" (func $new (result i64)))
        (func (export "f") (result i64) (i64.add (call $old) (call $new))))
      (core instance $h (export "old" (func $old)) (export "new" (func $new)))
      (core instance $i (instantiate $m (with "h" (instance $h))))
      (func (export "f") (result u64) (canon lift (core func $i "f"))))`);
    const bound = await createJcoBinder().bind(bindOptions(bytes));
    const exports = await bound.instantiate({ 'wasi:random/random': { getRandomU64: () => 21n } });
    expect(await (exports['f'] as () => Promise<bigint>)()).toBe(42n);
  });

  it('gives one component the same interface of 0.2 and of 0.3, each from its own key', async () => {
    const bytes = await parse(`(component
      (import "wasi:random/random@0.2.6" (instance $old (export "get-random-u64" (func (result u64)))))
      (import "wasi:random/random@0.3.2" (instance $new (export "get-random-u64" (func (result u64)))))
      (core func $old (canon lower (func $old "get-random-u64")))
      (core func $new (canon lower (func $new "get-random-u64")))
      (core module $m
        (import "h" "old" (func $old (result i64))) (import "h" "new" (func $new (result i64)))
        (func (export "f") (result i64) (i64.sub (call $new) (call $old))))
      (core instance $h (export "old" (func $old)) (export "new" (func $new)))
      (core instance $i (instantiate $m (with "h" (instance $h))))
      (func (export "f") (result u64) (canon lift (core func $i "f"))))`);
    const bound = await createJcoBinder().bind(bindOptions(bytes));
    const exports = await bound.instantiate({
      'wasi:random/random': { getRandomU64: () => 1n },
      'wasi:random/random@0.3': { getRandomU64: () => 43n },
    });
    expect(await (exports['f'] as () => Promise<bigint>)()).toBe(42n);
  });

  it('transpiles once: what the cache keeps is bound without jco', async () => {
    const cache = memoryCache();
    const options = bindOptions(await readFile(minimal));
    await createJcoBinder({ cache }).bind(options);
    expect(cache.entries.size).toBe(1);
    // A process that must end at once can transpile nothing.
    const bound = await createJcoBinder({ cache, bounds: { timeoutMs: 0, memoryBytes: 1 } }).bind(
      options,
    );
    expect(await bound.instantiate({})).toHaveProperty('add');
  });

  it('makes anew what the cache holds damaged', async () => {
    const cache = memoryCache();
    const options = bindOptions(await readFile(minimal));
    await createJcoBinder({ cache }).bind(options);
    for (const key of cache.entries.keys()) cache.entries.set(key, Uint8Array.of(1, 2, 3));
    const bound = await createJcoBinder({ cache }).bind(options);
    expect(await bound.instantiate({})).toHaveProperty('add');
  });

  it('applies the transformation to every core module', async () => {
    const other = await parse('(module (func (export "f") (result i32) (i32.const 2)))');
    const options = { ...bindOptions(await component(returnsOne)), transform: () => other };
    const exports = await (await createJcoBinder().bind(options)).instantiate({});
    expect(await (exports['f'] as () => Promise<number>)()).toBe(2);
  });

  it('refuses a component whose core module V8 does not take, and binds the next one', async () => {
    // jco passes code through unread: an i64 where the type says i32.
    const bytes = await component('(func (export "f") (result i32) (i64.const 1))');
    const binder = createJcoBinder();
    await expect(binder.bind(bindOptions(bytes))).rejects.toMatchObject({
      code: 'component-unbindable',
      status: 422,
    });
    await expect(binder.bind(bindOptions(await component(returnsOne)))).resolves.toBeDefined();
  });

  it('refuses a component that traps when it is instantiated', async () => {
    const bytes = await component(`(func $start unreachable) (start $start) ${returnsOne}`);
    await expect(createJcoBinder().bind(bindOptions(bytes))).rejects.toThrow(
      /traps when it is instantiated/,
    );
  });

  it('ends a component whose start function never does, and binds the next one', async () => {
    const bytes = await component(`(func $start (loop (br 0))) (start $start) ${returnsOne}`);
    const binder = createJcoBinder({ bounds: { timeoutMs: 5000, memoryBytes: 2 ** 30 } });
    await expect(binder.bind(bindOptions(bytes))).rejects.toMatchObject({
      code: 'component-unbindable',
      message: expect.stringContaining('longer than 5 s'),
    });
    await expect(
      createJcoBinder().bind(bindOptions(await component(returnsOne))),
    ).resolves.toBeDefined();
  });

  it('ends a component that takes more memory than it may while it is prepared', async () => {
    const bytes = await component(`(memory 1) (func $start
        (drop (memory.grow (i32.const 16000)))
        (memory.fill (i32.const 0) (i32.const 1) (i32.mul (i32.const 16000) (i32.const 65536)))
        (loop (br 0)))
      (start $start) ${returnsOne}`);
    const binder = createJcoBinder({ bounds: { timeoutMs: 20_000, memoryBytes: 600 * 2 ** 20 } });
    await expect(binder.bind(bindOptions(bytes))).rejects.toThrow(/more than 600 MiB/);
  });

  it('gives up when the caller does', async () => {
    const bytes = await component(returnsOne);
    const controller = new AbortController();
    const bound = createJcoBinder().bind({ ...bindOptions(bytes), signal: controller.signal });
    controller.abort(new Error('not wanted any more'));
    await expect(bound).rejects.toThrow('not wanted any more');
  });
});
