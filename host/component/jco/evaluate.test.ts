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
