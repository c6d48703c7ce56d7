import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostKey } from '../base/index.ts';
import { all } from './all.ts';

const directory = join(import.meta.dirname, '../../wit');

/** The functions that each interface of a WIT file declares, by their names in a component. */
function functionsOf(source: string): Map<string, string[]> {
  const plain = source.replaceAll(/\/\/.*$/gm, '');
  const [, name = '', version = ''] = /package\s+([a-z:-]+)@([0-9.]+)/.exec(plain) ?? [];
  const found = new Map<string, string[]>();
  let current: string[] = [];
  let resource = '';
  for (const line of plain.split('\n')) {
    const opened = /^interface ([a-z-]+) \{/.exec(line);
    if (opened !== null) found.set(hostKey(`${name}/${opened[1]}`, version), (current = []));
    if (line.startsWith('world ')) current = [];
    const of = /^ {2}resource ([a-z-]+) \{/.exec(line);
    if (of !== null) resource = of[1] ?? '';
    if (/^ {2}\}/.test(line)) resource = '';
    if (/^ +constructor\(/.test(line)) current.push(`[constructor]${resource}`);
    const member = /^ +%?([a-z][a-z0-9-]*): (static )?(?:async )?func\(/.exec(line);
    if (member === null) continue;
    if (resource === '') current.push(member[1] ?? '');
    else current.push(`[${member[2] === undefined ? 'method' : 'static'}]${resource}.${member[1]}`);
  }
  return found;
}

const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.wit'),
);
const declared = new Map(
  files.flatMap((path) => [...functionsOf(readFileSync(join(directory, path), 'utf8'))]),
);

describe.each(
  all
    .flatMap((capability) => capability.links)
    .map((link) => [hostKey(link.interface, link.version), link.functions] as const),
)('%s', (name, functions) => {
  test('lists exactly the functions that the WIT declares', (context) => {
    context.skip(files.length === 0, 'wit/ holds no WIT of WASI');
    expect(Object.keys(functions).toSorted()).toEqual(
      (declared.get(name) ?? ['not in wit/']).toSorted(),
    );
  });
});
