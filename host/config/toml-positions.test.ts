import * as fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { lineAndColumn, locateToml } from './toml-positions.ts';

function place(text: string, ...path: (string | number)[]): [key: string, value: string] {
  const found = locateToml(text).find(path);
  if (found === undefined) return ['', ''];
  const at = (offset: number) => Object.values(lineAndColumn(text, offset)).join(':');
  return [at(found.key), at(found.value)];
}

/** Every path of a parsed document. */
function paths(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  const items: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  return items.flatMap(([key, item]) => [[...path, key], ...paths(item, [...path, key])]);
}

const tricky = `# [not.a.table] x = 1
\uFEFF
top = "a # b" # comment = 1
"quo\\u0074ed.key" = 'lit\\eral'
'single.key' = """
multi = "line" \\""" still
[inside]
""""
ml = '''
'two' quotes: ''[x]'''''
"" = 1979-05-27 07:32:32
a.b."c d" . 'e' = 5
nested = [ [1, "],["], # comment ] in list
  { x = 1, "y.z" = [ { w = '}' } ] }, ]
inline = { p.q = 1, r = { s = [] }, }

[ table . "sub.t" ] # c
k = -inf
[[list]]
n = 1
[list.child]
c = 1
[[list.deep]]
d = 1
[[list.deep]]
d = 2
[[list]]
n = 2
child.c = 3
[[list.deep]]
d = 3
`.replace('\uFEFF\n', '');

describe('positions in TOML', () => {
  it('are those of keys and values', () => {
    const text = '[host]\nlisten = "x"\n\tworkers=2\n[function.a]\n  "q" = [ "x",\n "y" ]\n';
    expect(place(text, 'host')).toEqual(['1:2', '1:2']);
    expect(place(text, 'host', 'listen')).toEqual(['2:1', '2:10']);
    expect(place(text, 'host', 'workers')).toEqual(['3:2', '3:10']);
    expect(place(text, 'function')).toEqual(['4:2', '4:2']);
    expect(place(text, 'function', 'a')).toEqual(['4:11', '4:11']);
    expect(place(text, 'function', 'a', 'q')).toEqual(['5:3', '5:9']);
    expect(place(text, 'function', 'a', 'q', 1)).toEqual(['6:2', '6:2']);
  });

  it('fall back to what stands around a path that is not there', () => {
    expect(place('[a]\nb = { c = 1 }\n', 'a', 'b', 'missing', 3)).toEqual(['2:1', '2:5']);
    expect(locateToml('x = 1').find(['y'])).toBeUndefined();
    expect(locateToml('').find([])).toBeUndefined();
  });

  it('are found in every form of key, string, list and table', () => {
    const document = parse(tricky);
    const found = locateToml(tricky);
    const all = paths(document);
    expect(all.length).toBeGreaterThan(40);
    for (const path of all) {
      const inherits = found.find(path) === found.find(path.slice(0, -1));
      expect({ path, found: found.find(path) !== undefined, inherits }).toEqual({
        path,
        found: true,
        inherits: false,
      });
    }
    expect(tricky.slice(found.find(['single.key'])?.value)).toMatch(/^"""\nmulti/);
    expect(tricky.slice(found.find(['nested', 1, 'y.z', 0, 'w'])?.value)).toMatch(/^'}'/);
    expect(tricky.slice(found.find(['a', 'b', 'c d', 'e'])?.value)).toMatch(/^5\nnested/);
    expect(tricky.slice(found.find(['inline', 'r', 's'])?.value)).toMatch(/^\[\] }/);
    expect(tricky.slice(found.find(['list', 0, 'deep', 1, 'd'])?.value)).toMatch(
      /^2\n\[\[list\]\]/,
    );
    expect(tricky.slice(found.find(['list', 1, 'deep', 0, 'd'])?.value)).toMatch(/^3\n/);
    expect(tricky.slice(found.find(['list', 1, 'child', 'c'])?.value)).toMatch(/^3\n\[\[list/);
    expect(tricky.slice(found.find(['list', 0, 'child', 'c'])?.value)).toMatch(/^1\n/);
  });

  it('work with CRLF', () => {
    const text = '[a]\r\nb = 1\r\nc = "x"\r\n';
    expect(place(text, 'a', 'c')).toEqual(['3:1', '3:5']);
  });

  it('are right for any document: each scalar is found where it is written', () => {
    const key = fc.string({ minLength: 1, maxLength: 6 }).filter((name) => name !== '__proto__');
    const { table } = fc.letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.boolean(),
        fc.string(),
        fc.array(tie('value'), { maxLength: 3 }),
        tie('table'),
      ),
      table: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(table, (document) => {
        const text = stringify(document);
        const parsed = parse(text);
        const found = locateToml(text);
        for (const path of paths(parsed)) {
          let value: unknown = parsed;
          for (const segment of path) value = Reflect.get(Object(value), segment);
          const at = found.find(path);
          const scalar = typeof value === 'number' || typeof value === 'boolean';
          const written = scalar ? new RegExp(`^${String(value)}(?![0-9a-z])`) : /^/;
          expect({ path, rest: at && text.slice(at.value) }).toEqual({
            path,
            rest: expect.stringMatching(written),
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('end on any text', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '[',
            ']',
            '{',
            '}',
            '=',
            '"',
            "'",
            '\\',
            ',',
            '.',
            '#',
            '\n',
            ' ',
            'a',
            '1',
          ),
          maxLength: 40,
        }),
        (text) => {
          expect(locateToml(text).find(['no such key'])).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });
});
