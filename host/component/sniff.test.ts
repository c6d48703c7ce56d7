import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import { readCoreModule } from './core-module.ts';
import { sniff } from './sniff.ts';
import { COMPONENT, errorOf, MODULE } from './test-support.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('sniff', () => {
  it('tells components and core modules apart by eight bytes', () => {
    expect(sniff(Uint8Array.from(COMPONENT))).toEqual({ kind: 'component' });
    expect(sniff(Uint8Array.from(MODULE))).toEqual({ kind: 'core-module' });
  });

  it.each([
    ['nothing', new Uint8Array(0), 'is empty'],
    ['ELF', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]), 'ELF'],
    ['zip', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0]), 'zip'],
    ['gzip', Uint8Array.from([0x1f, 0x8b, 8, 0]), 'gzip'],
    ['component text', bytes('(component)'), 'WebAssembly text'],
    ['module text after a comment', bytes(';; hi\n(module)'), 'WebAssembly text'],
    ['module text after a byte order mark', bytes('\uFEFF (module)'), 'WebAssembly text'],
    ['JavaScript', bytes('export default {}'), 'JavaScript'],
    ['JSON', bytes('{"a":1}'), 'JSON'],
    ['HTML', bytes('<!doctype html>'), 'HTML'],
    ['WIT', bytes('package a:b;'), 'WIT'],
    ['text', bytes('hello'), 'is text'],
    ['noise', Uint8Array.from([1, 2, 3, 4]), 'none of the known signatures'],
    ['half a magic number', Uint8Array.from([0, 0x61]), 'none of the known signatures'],
  ])('says what %s looks like', (_, input, words) => {
    const error = errorOf(() => sniff(input));
    expect(error).toMatchObject({ code: 'not-webassembly', status: 400 });
    expect(error.message).toContain(words);
    expect(error.fix).toBeTypeOf('string');
  });

  it.each([4, 5, 6, 7])('refuses a preamble of %i bytes', (length) => {
    const error = errorOf(() => sniff(Uint8Array.from(COMPONENT.slice(0, length))));
    expect(error).toMatchObject({ code: 'not-webassembly', offset: length });
  });

  it.each([
    ['an old component', [0x0a, 0, 1, 0]],
    ['a later module', [2, 0, 0, 0]],
    ['an unknown layer', [0x0d, 0, 2, 0]],
  ])('refuses %s by its version', (_, version) => {
    const error = errorOf(() => sniff(Uint8Array.from([...COMPONENT.slice(0, 4), ...version])));
    expect(error).toMatchObject({ code: 'unsupported-version', offset: 4 });
  });

  it('keeps each reader to its own kind', () => {
    expect(errorOf(() => readComponent(Uint8Array.from(MODULE)))).toMatchObject({
      code: 'malformed-component',
    });
    expect(errorOf(() => readCoreModule(Uint8Array.from(COMPONENT)))).toMatchObject({
      code: 'malformed-module',
    });
  });
});
