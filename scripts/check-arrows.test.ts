import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findViolations } from './check-arrows.ts';

/** The violations in a tree of these files under host/. */
function check(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'selvedge-arrows-'));
  try {
    for (const [file, source] of Object.entries(files)) {
      mkdirSync(dirname(join(root, 'host', file)), { recursive: true });
      writeFileSync(join(root, 'host', file), source);
    }
    return findViolations(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const doors = {
  'base/index.ts': 'export const a = 1;',
  'config/index.ts': `import { a } from '../base/index.ts';\nexport const b = a;`,
  'store/index.ts': 'export const s = 1;',
  'store/inner.ts': 'export const i = 1;',
};

describe('the arrows', () => {
  test('hold for imports that the table allows, and for the composition root', () => {
    const files = {
      ...doors,
      'cli/index.ts': `import type { b } from '../config/index.ts';\nexport {\n  run,\n} from './run.ts';`,
      'cli/run.ts': 'export const run = 1;',
      'main.ts': `import { s } from './store/index.ts';\nawait import('./compose.ts');`,
      'compose.ts': `import { b } from './config/index.ts';`,
    };
    expect(check(files)).toEqual([]);
  });

  test.each([
    [
      'a folder that the table forbids',
      { 'cli/x.ts': `import { s } from '../store/index.ts';` },
      /cli may not import store/,
    ],
    [
      'a type of a forbidden folder',
      { 'cli/x.ts': `import type { s } from '../store/index.ts';` },
      /cli may not import store/,
    ],
    [
      'a forbidden re-export over lines',
      { 'cli/x.ts': `export {\n  s,\n} from '../store/index.ts';` },
      /cli may not import store/,
    ],
    [
      'a forbidden late import',
      { 'cli/x.ts': `const s = await import('../store/index.ts');` },
      /cli may not import store/,
    ],
    [
      'an import for its effect',
      { 'cli/x.ts': `import '../store/index.ts';` },
      /cli may not import store/,
    ],
    [
      'base importing telemetry',
      { 'base/x.ts': `import { t } from '../telemetry/index.ts';`, 'telemetry/index.ts': '' },
      /base may not import telemetry/,
    ],
    [
      'a file behind the door',
      { 'capability/x.ts': `import { i } from '../store/inner.ts';` },
      /the door of store is store\/index\.ts/,
    ],
    [
      'a file behind the door, from a test',
      { 'cli/x.test.ts': `import { i } from '../store/inner.ts';` },
      /the door of store/,
    ],
    [
      'the composition root',
      { 'cli/x.ts': `import { main } from '../main.ts';`, 'main.ts': '' },
      /the composition root/,
    ],
    ['a test', { 'cli/x.ts': `import './y.test.ts';`, 'cli/y.test.ts': '' }, /imports the test/],
    [
      'what is outside host',
      { 'cli/x.ts': `import x from '../../scripts/x.mjs';` },
      /outside host/,
    ],
    ['what does not exist', { 'cli/x.ts': `import x from './gone.ts';` }, /does not exist/],
    ['a folder nobody decided on', { 'helpers/x.ts': '' }, /helpers is not in the table/],
    ['a file beside the folders', { 'extra.ts': '' }, /only main\.ts and compose\.ts/],
    [
      'a cycle',
      { 'cli/x.ts': `import { y } from './y.ts';`, 'cli/y.ts': `import { x } from './x.ts';` },
      /cli\/x\.ts → host\/cli\/y\.ts → host\/cli\/x\.ts: a cycle/,
    ],
  ])('are violated by %s', (_what, files, message) => {
    const violations = check({ ...doors, ...files });
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(message);
  });

  test('tests and e2e may import every folder through its door', () => {
    const files = {
      'cli/x.test.ts': `import { s } from '../store/index.ts';`,
      'e2e/x.test.ts': `import { s } from '../store/index.ts';\nimport { main } from '../main.ts';`,
      'main.ts': '',
    };
    expect(check({ ...doors, ...files })).toEqual([]);
  });

  test('a cycle of types alone is none', () => {
    const files = {
      'cli/x.ts': `import type { Y } from './y.ts';`,
      'cli/y.ts': `import type { X } from './x.ts';`,
    };
    expect(check({ ...doors, ...files })).toEqual([]);
  });
});
