import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reasonToInstall, setUp } from './setup.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'selvedge-setup-'));
  writeFileSync(join(root, 'package-lock.json'), '{}');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What an install leaves behind, `age` seconds older than the lock file. */
function installed(age: number): void {
  mkdirSync(join(root, 'node_modules/node/bin'), { recursive: true });
  writeFileSync(join(root, 'node_modules/node/bin/node'), '');
  const stamp = join(root, 'node_modules/.package-lock.json');
  writeFileSync(stamp, '{}');
  utimesSync(join(root, 'package-lock.json'), 1000, 1000);
  utimesSync(stamp, 1000 - age, 1000 - age);
}

describe('set-up', () => {
  test('installs where node_modules is absent', () => {
    expect(reasonToInstall(root)).toBe('node_modules is absent');
  });

  test('installs where node_modules is older than the lock file', () => {
    installed(1);
    expect(reasonToInstall(root)).toBe('node_modules is older than package-lock.json');
  });

  test('installs where the bundled Node is absent', () => {
    installed(-1);
    rmSync(join(root, 'node_modules/node'), { recursive: true });
    expect(reasonToInstall(root)).toBe('the bundled Node is absent');
  });

  test('does nothing where all is there', () => {
    installed(-1);
    const code = setUp(root, () => {
      throw new Error('nothing may be run');
    });
    expect(code).toBe(0);
  });

  test('runs npm ci once and passes its failure on', () => {
    const ran: unknown[] = [];
    const code = setUp(root, (command: string, args: string[]) => {
      ran.push([command, args[0]]);
      return { status: 7 };
    });
    expect(code).toBe(7);
    expect(ran).toEqual([['npm', 'ci']]);
  });

  test('fails where npm ci did not bring Node', () => {
    const code = setUp(root, () => {
      installed(-1);
      rmSync(join(root, 'node_modules/node'), { recursive: true });
      return { status: 0 };
    });
    expect(code).toBe(1);
  });
});
