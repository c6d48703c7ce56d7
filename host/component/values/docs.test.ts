import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { docsOfWit, withDocs } from '../../../scripts/wit-docs.mjs';
import { readComponent } from '../component.ts';
import { readDocs } from './docs.ts';

const minimal = readFileSync(new URL('../../../fixtures/minimal.wasm', import.meta.url));
const typed = readFileSync(new URL('../../../fixtures/typed.wasm', import.meta.url));
const docsWith = (docs: unknown) => readDocs(readComponent(withDocs(minimal, docs)));

describe('doc comments', () => {
  it('of the fixture are those of its WIT', () => {
    const docs = readDocs(readComponent(typed));
    expect(docs.interface('mirror')).toBe('Every value of every type comes back as it was.');
    expect(docs.function(undefined, 'add')).toBe('Adds two numbers.\n\nWraps around at the end.');
    expect(docs.function('counters', '[constructor]counter')).toBe('Begins at `start`.');
    expect(docs.function('counters', '[static]counter.merge')).toBe(
      'A new counter that begins at the sum of two.',
    );
    expect(docs.type('mirror', 'point')).toBe('A point on a map.');
    expect(docs.item('mirror', 'reading', 'celsius')).toBe('In degrees Celsius.');
  });

  it('are none where nothing is said', () => {
    const docs = readDocs(readComponent(minimal));
    expect([
      docs.interface('a'),
      docs.function(undefined, 'add'),
      docs.item('a', 'b', 'c'),
    ]).toEqual([undefined, undefined, undefined]);
  });

  it('are taken as text too, as the first version of the section wrote them', () => {
    expect(docsWith({ worlds: { w: { funcs: { add: 'Old.' } } } }).function(undefined, 'add')).toBe(
      'Old.',
    );
  });

  it.each([
    [[]],
    [{ worlds: 1 }],
    [{ worlds: { w: null } }],
    [{ interfaces: { toString: 1 } }],
    ['text'],
  ])('that are no such thing are left unread: %j', (docs) => {
    const read = docsWith(docs);
    expect([
      read.function(undefined, 'constructor'),
      read.type('toString', 'constructor'),
      read.interface('constructor'),
    ]).toEqual([undefined, undefined, undefined]);
  });

  it('of any WIT are found beside attributes, nested types and other comments', () => {
    const { worlds, interfaces } = docsOfWit(`
      package a:b@1.0.0; // not one
      /// Of i.
      interface i {
        use x.{constructor};
        /* no */ @since(version = 1.0.0)
        /// Of r.
        record r { /// Of f.
          f: list<tuple<u8, option<string>>>, g: u8 }
        /// Of go.
        go: func(a: list<r>) -> result<_, u8>;
      }
      world w { import i; /// Of run.
        export run: async func(); }`);
    expect(interfaces).toEqual({
      i: {
        docs: 'Of i.',
        funcs: { go: { docs: 'Of go.' } },
        types: { r: { docs: 'Of r.', items: { f: 'Of f.' } } },
      },
    });
    expect(worlds).toEqual({ w: { funcs: { run: { docs: 'Of run.' } }, types: {} } });
  });
});
