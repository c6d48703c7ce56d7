import { readdirSync, readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readComponent } from './component.ts';
import { readCoreModule } from './core-module.ts';
import { ComponentError } from './errors.ts';
import { sniff } from './sniff.ts';
import { componentOf } from './test-support.ts';
import { usedFunctions } from './uses.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url);

const WIT = `
  package test:mutation@0.3.0;
  interface types {
    resource thing { constructor(a: u32); get: async func() -> string; make: static func(x: borrow<thing>) -> result<thing, string>; }
    record point { x: f32, y: f32 }
    variant v { a(point), b, c(list<thing>) }
    flags f { one, two }
    enum e { red, green }
    run: async func(s: stream<u8>, p: future<result<_, string>>) -> tuple<stream<u8>, option<v>>;
    other: func(a: f, b: e, c: char);
  }
  world w { import types; export types; export go: async func(a: list<string>) -> string; }`;

/** What reading ends with, after the model has been used; `undefined` where that is our error. */
function outcome(bytes: Uint8Array): unknown {
  try {
    if (sniff(bytes).kind === 'component') usedFunctions(readComponent(bytes));
    else readCoreModule(bytes);
  } catch (error) {
    if (!(error instanceof ComponentError)) return error;
    const { offset, message } = error;
    if (offset !== undefined && !(offset >= 0 && offset <= bytes.length)) return error;
    if (message.length > 1_000) return error;
  }
  return undefined;
}

type Edit = {
  readonly at: number;
  readonly kind: 'flip' | 'set' | 'insert' | 'remove' | 'truncate' | 'copy';
  readonly bytes: readonly number[];
};

function mutate(original: Uint8Array, edits: readonly Edit[]): Uint8Array {
  let bytes = original;
  for (const { at, kind, bytes: some } of edits) {
    // The preamble is left alone mostly, so that the mutation reaches what lies behind it.
    const place = 8 + (at % Math.max(1, bytes.length - 8));
    const before = bytes.subarray(0, place);
    const after = bytes.subarray(place);
    if (kind === 'truncate') bytes = before;
    else if (kind === 'insert') bytes = Uint8Array.from([...before, ...some, ...after]);
    else if (kind === 'remove')
      bytes = Uint8Array.from([...before, ...after.subarray(some.length)]);
    else if (kind === 'copy')
      bytes = Uint8Array.from([...before, ...bytes.subarray(8, 8 + some.length * 4), ...after]);
    else {
      bytes = bytes.slice();
      some.forEach((value, i) => {
        if (place + i < bytes.length)
          bytes[place + i] = kind === 'flip' ? bytes[place + i]! ^ (1 << (value & 7)) : value;
      });
    }
  }
  return bytes;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('flip', 'flip', 'set', 'set', 'insert', 'remove', 'truncate', 'copy'),
  bytes: fc.array(fc.oneof(fc.nat(255), fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff)), {
    minLength: 1,
    maxLength: 6,
  }),
});

function checkMutations(original: Uint8Array, numRuns: number): void {
  expect(outcome(original)).toBeUndefined();
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      expect(outcome(mutate(original, edits))).toBeUndefined();
    }),
    { numRuns },
  );
}

/* oxlint-disable vitest/expect-expect -- the assertions stand in what the properties call */
describe('bytes that were tampered with', () => {
  it('never end in anything but a model or our error: a component with every kind of type', async () => {
    checkMutations(await componentOf(WIT, 'w'), 1_500);
  });

  const fixtures = readdirSync(FIXTURES).filter((name) => name.endsWith('.wasm'));

  it.each(
    fixtures.filter((name) => ['hello.wasm', 'minimal.wasm', 'preview1.wasm'].includes(name)),
  )('never end in anything but a model or our error: %s', (name) => {
    checkMutations(new Uint8Array(readFileSync(new URL(name, FIXTURES))), 300);
  });

  it('never end in anything but a model or our error: every truncation', async () => {
    const bytes = await componentOf(WIT, 'w');
    for (let length = 0; length < bytes.length; length += length < 512 ? 1 : 7)
      expect(outcome(bytes.subarray(0, length))).toBeUndefined();
  });

  it('never end in anything but a model or our error: sections of noise', () => {
    const noise = fc.tuple(fc.nat(14), fc.uint8Array({ maxLength: 120 }));
    fc.assert(
      fc.property(
        fc.constantFrom([0x0d, 0, 1, 0], [1, 0, 0, 0]),
        fc.array(noise, { maxLength: 6 }),
        (version, sections) => {
          const body = sections.flatMap(([id, bytes]) => [id, bytes.length, ...bytes]);
          const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, ...version, ...body]);
          expect(outcome(bytes)).toBeUndefined();
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
