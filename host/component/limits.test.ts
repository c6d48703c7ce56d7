import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import { readCoreModule } from './core-module.ts';
import { DEFAULT_READ_LIMITS } from './limits.ts';
import { COMPONENT, errorOf, leb, MODULE, raw, section, text } from './test-support.ts';

/** Processor time that one reading may take, with room for a loaded machine. */
const SECONDS = 10;

function timed<T>(run: () => T): T {
  const before = process.cpuUsage().user;
  const result = run();
  expect((process.cpuUsage().user - before) / 1e6).toBeLessThan(SECONDS);
  return result;
}

const repeat = (count: number, unit: readonly number[]): number[] => {
  return Array.from({ length: count * unit.length }, (_, i) => unit[i % unit.length]!);
};

/** A section without spreading a large body over the stack. */
function big(
  head: readonly number[],
  id: number,
  count: number,
  unit: readonly number[],
): Uint8Array {
  const prefix = [...head, id, ...leb(leb(count).length + count * unit.length), ...leb(count)];
  const bytes = new Uint8Array(prefix.length + count * unit.length);
  bytes.set(prefix);
  for (let i = 0; i < count * unit.length; i++) bytes[prefix.length + i] = unit[i % unit.length]!;
  return bytes;
}

describe('limits', () => {
  it('refuses an upload that is too large, before looking at it', () => {
    const error = errorOf(() => readComponent(new Uint8Array(DEFAULT_READ_LIMITS.bytes + 1)));
    expect(error).toMatchObject({ code: 'limit-exceeded', status: 413 });
    expect(errorOf(() => readCoreModule(Uint8Array.from([...MODULE, 0]), { bytes: 8 })).code).toBe(
      'limit-exceeded',
    );
  });

  it('refuses 3,000 components within one another without running out of stack', () => {
    let nested = [...COMPONENT];
    for (let i = 0; i < 3_000; i++) nested = [...COMPONENT, 4, ...leb(nested.length), ...nested];
    expect(errorOf(() => timed(() => readComponent(Uint8Array.from(nested))))).toMatchObject({
      code: 'limit-exceeded',
    });
  });

  it('refuses 100,000 types within one another', () => {
    const open = repeat(100_000, [0x42, 1, 0x01]);
    const bytes = Uint8Array.from([...COMPONENT, 7, ...leb(open.length + 1), 1].concat(open));
    expect(errorOf(() => timed(() => readComponent(bytes)))).toMatchObject({
      code: 'limit-exceeded',
    });
  });

  it('reads nesting up to the limit', () => {
    let nested = [...COMPONENT];
    for (let i = 0; i < 50; i++) nested = [...COMPONENT, 4, ...leb(nested.length), ...nested];
    expect(readComponent(Uint8Array.from(nested)).components).toHaveLength(1);
  });

  it('refuses types that refer to one another without end', () => {
    const chain = [
      0x70,
      0x79,
      ...Array.from({ length: 200 }, (_, i) => [0x70, ...signed(i)]).flat(),
    ];
    const bytes = raw(COMPONENT, section(7, leb(201), chain));
    expect(errorOf(() => readComponent(bytes)).message).toContain('deeper');
  });

  it('refuses a small upload that describes an exponentially large type', () => {
    const doubling = [
      0x6f,
      2,
      0x79,
      0x79,
      ...Array.from({ length: 60 }, (_, i) => [0x6f, 2, ...signed(i), ...signed(i)]).flat(),
    ];
    const error = errorOf(() =>
      timed(() => readComponent(raw(COMPONENT, section(7, 61, doubling)))),
    );
    expect(error).toMatchObject({ code: 'limit-exceeded' });
    expect(error.message).toContain('nodes');
  });

  it('refuses imports that copy a large type over and over', () => {
    const fields = Array.from({ length: 1_000 }, (_, i) => [...text(`f${i}`), 0x01]).flat();
    const record = [0x72, ...leb(1_000), ...fields];
    const resource = [0x04, 0, text('r'), 0x03, 0x01, 0x01, 0x69, 0x00];
    const type = [0x01, record, 0x04, 0, text('t'), 0x03, 0x00, 0x02];
    const func = [0x01, 0x40, 1, text('a'), 0x02, 0x01, 0x00];
    const instance = [0x42, 5, resource, type, func].flat(3);
    const imports = Array.from({ length: 5_000 }, (_, i) => [
      0,
      ...text(`i${i}`),
      0x05,
      0x00,
    ]).flat();
    const bytes = raw(COMPONENT, section(7, 1, instance), section(10, leb(5_000), imports));
    expect(errorOf(() => timed(() => readComponent(bytes))).code).toBe('limit-exceeded');
    expect(
      readComponent(raw(COMPONENT, section(7, 1, instance), section(10, 1, imports.slice(0, 6))))
        .imports,
    ).toHaveLength(1);
  });

  it('answers a million of anything in bounded time', () => {
    const million = 1_000_000;
    expect(errorOf(() => timed(() => readComponent(big(COMPONENT, 7, million, [0x79])))).code).toBe(
      'limit-exceeded',
    );
    expect(errorOf(() => timed(() => readComponent(big(COMPONENT, 8, million, [0x1f])))).code).toBe(
      'limit-exceeded',
    );
    expect(
      errorOf(() => timed(() => readCoreModule(big(MODULE, 1, million, [0x60, 0, 0])))).code,
    ).toBe('limit-exceeded');
    const functions = big([...MODULE, ...section(1, 1, 0x60, 0, 0)], 3, million, [0]);
    const bodies = big([], 10, million, [2, 0, 0x0b]);
    const module = new Uint8Array([...functions, ...bodies]);
    expect(timed(() => readCoreModule(module, { coreFunctions: million })).functions).toHaveLength(
      million,
    );
    expect(errorOf(() => readCoreModule(module, { coreFunctions: million - 1 })).code).toBe(
      'limit-exceeded',
    );
  });

  it('counts over the whole upload, nested parts included', () => {
    const inner = [...COMPONENT, ...section(7, 3, 0x79, 0x79, 0x79)];
    const bytes = raw(COMPONENT, section(4, inner), section(4, inner));
    expect(readComponent(bytes, { definitions: 6 }).components).toHaveLength(2);
    expect(errorOf(() => readComponent(bytes, { definitions: 5 }))).toMatchObject({
      code: 'limit-exceeded',
    });
    expect(errorOf(() => readComponent(bytes, { components: 1 })).code).toBe('limit-exceeded');
    const modules = raw(COMPONENT, section(1, MODULE), section(1, MODULE));
    expect(errorOf(() => readComponent(modules, { modules: 1 })).code).toBe('limit-exceeded');
    expect(errorOf(() => readComponent(modules, { sections: 1 })).code).toBe('limit-exceeded');
  });

  it('limits names, members, flags and parameters', () => {
    const flags = raw(COMPONENT, section(7, 1, 0x6e, 2, text('a'), text('b')));
    expect(errorOf(() => readComponent(flags, { flags: 1 })).code).toBe('limit-exceeded');
    expect(errorOf(() => readComponent(flags, { nameBytes: 0 })).code).toBe('limit-exceeded');
    const tuple = raw(COMPONENT, section(7, 1, 0x6f, 2, 0x79, 0x79));
    expect(errorOf(() => readComponent(tuple, { members: 1 })).code).toBe('limit-exceeded');
    expect(
      errorOf(() =>
        readComponent(raw(COMPONENT, section(7, 2, 0x6f, 1, 0x79, 0x6f, 1, 0x79)), {
          allMembers: 1,
        }),
      ).code,
    ).toBe('limit-exceeded');
    const func = raw(COMPONENT, section(7, 1, 0x40, 2, text('a'), 0x79, text('b'), 0x79, 1, 0));
    expect(errorOf(() => readComponent(func, { parameters: 1 })).code).toBe('limit-exceeded');
  });

  it('keeps a hostile name section from costing more than its limit', () => {
    const names = section(0, text('component-name'), 1, 5, 3, 2, 0, 0, 1, 0);
    expect(readComponent(raw(COMPONENT, names), { debugNames: 1 }).names).toBeUndefined();
  });
});

/** A type index as the signed LEB128 that it is in a value type. */
function signed(index: number): number[] {
  return index < 64 ? [index] : [(index & 0x7f) | 0x80, index >> 7];
}
