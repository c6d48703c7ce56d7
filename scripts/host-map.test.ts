import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
const map = readFileSync(new URL('host/README.md', root), 'utf8');
const folders = readdirSync(new URL('host/', root), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** The rows of the map: folder, and what it may import beside `base` and `telemetry`. */
const rows = new Map(
  [...map.matchAll(/^\| `([a-z0-9]+)\/` +\|[^|]*\|([^|]*)\|$/gm)].map(
    ([, name = '', imports = '']) => [
      name,
      [...imports.matchAll(/`([a-z0-9]+)`/g)].map(([, each]) => each),
    ],
  ),
);

/** The table that is enforced, read as text: it is not exported, because nothing but the check needs it. */
const enforced = new Map(
  [
    ...readFileSync(new URL('scripts/check-arrows.ts', root), 'utf8').matchAll(
      /^ {2}(\w+): \[(.*)\],$/gm,
    ),
  ].map(([, name = '', imports = '']) => [
    name,
    [...imports.matchAll(/'(\w+)'/g)].map(([, each]) => each),
  ]),
);

test('host/README.md has a line for every folder, and for none that does not exist', () => {
  expect([...rows.keys()].toSorted()).toEqual(folders.toSorted());
});

test('the table of check-arrows.ts is found', () => {
  expect(enforced.get('gateway')).toContain('traffic');
});

test.each([...rows].filter(([name]) => enforced.has(name) && name !== 'telemetry'))(
  'the arrows of %s in host/README.md are those that are enforced',
  (name, imports) => {
    expect(imports).toEqual(enforced.get(name));
  },
);

test('every decision is in the index of host/decisions', () => {
  const directory = new URL('host/decisions/', root);
  const index = readFileSync(new URL('README.md', directory), 'utf8');
  const decisions = readdirSync(directory).filter((name) => /^\d{3}-.*\.md$/.test(name));
  expect(decisions.length).toBeGreaterThan(0);
  for (const name of decisions) expect(index).toContain(`(${name})`);
});
