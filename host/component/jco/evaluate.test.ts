import { describe, expect, it } from 'vitest';
import { evaluate, instantiateCore } from './evaluate.ts';

const emitted = `"use components";
export function instantiate(getCoreModule, imports, instantiateCore = WebAssembly.instantiate) {
  if (!getCoreModule) getCoreModule = (name) => fetchCompile(new URL(\`./\${name}\`, import.meta.url));
  return { imports };
}

export const _util = {
}
`;

describe('evaluate', () => {
  it('makes the function that jco emits callable', () => {
    const imports = {};
    expect(
      evaluate(emitted, 'test')()(
        () => new WebAssembly.Module(new Uint8Array()),
        imports,
        instantiateCore,
      ),
    ).toEqual({ imports });
  });

  it.each([
    ['no function', 'export const other = 1;'],
    ['no default for the modules', emitted.replace(/ {2}if.*\n/, '')],
    ['no end', emitted.replace(/export const _util[^]*/, '')],
    ['nothing', ''],
  ])('refuses text of another shape: %s', (_what, source) => {
    expect(() => evaluate(source, 'test')).toThrow(
      "jco's output is not of the shape this host knows",
    );
  });
});

describe('what an evaluated instance tells its lifetime', () => {
  const calls = emitted.replace(
    'return { imports };',
    'return { call: WebAssembly.promising(imports.f) };',
  );
  /** A function that traps when it is given 0, and else returns. */
  const { f } = new WebAssembly.Instance(
    new WebAssembly.Module(
      Uint8Array.from([
        0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 127, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10,
        11, 1, 9, 0, 32, 0, 69, 4, 64, 0, 11, 11,
      ]),
    ),
  ).exports;

  function instance() {
    const trapped: unknown[] = [];
    const lifetime = { onEnd: () => {}, trapped: (thrown: unknown) => void trapped.push(thrown) };
    const module = () => new WebAssembly.Module(new Uint8Array());
    const exports = evaluate(calls, 'test')(lifetime)(module, { f: f as object }, instantiateCore);
    return { trapped, call: (exports as { call: (given: number) => Promise<void> }).call };
  }

  it('is a trap, also to whoever called', async () => {
    const { trapped, call } = instance();
    await expect(call(0)).rejects.toThrow('unreachable');
    expect(trapped).toEqual([expect.any(WebAssembly.RuntimeError)]);
  });

  it('is nothing of a call that returns', async () => {
    const { trapped, call } = instance();
    await call(1);
    expect(trapped).toEqual([]);
  });
});

it('bytes of a stream are listed as jco would list them', () => {
  const lists = emitted.replace(
    'return { imports };',
    'return { list: Array.from(new Uint8Array(imports.bytes)) };',
  );
  const { bytes } = { bytes: Uint8Array.of(1, 2, 255).buffer };
  const module = () => new WebAssembly.Module(new Uint8Array());
  expect(evaluate(lists, 'test')()(module, { bytes }, instantiateCore)).toEqual({
    list: [1, 2, 255],
  });
});
