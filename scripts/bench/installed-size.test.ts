import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installedSize, productionFolders } from './installed-size.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'selvedge-bench-test-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, bytes: number): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), Buffer.alloc(bytes, 1));
}

describe('productionFolders', () => {
  it('leaves out what is for development, and the checkout itself', () => {
    const packages = {
      '': {},
      'node_modules/a': {},
      'node_modules/b': { dev: true },
      'node_modules/a/node_modules/c': {},
      'node_modules/linked': { link: true },
    };
    expect(productionFolders({ packages })).toEqual([
      'node_modules/a',
      'node_modules/a/node_modules/c',
    ]);
  });
});

describe.runIf(process.platform === 'linux')('installedSize', () => {
  it('counts each package once, apart from those inside it', () => {
    const packages = {
      'node_modules/@scope/big': {},
      'node_modules/@scope/big/node_modules/inner': {},
      'node_modules/for-development': { dev: true },
      'node_modules/another-platform': {},
    };
    write('node_modules/.package-lock.json', 0);
    writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
    write('node_modules/@scope/big/lib/index.js', 1_000_000);
    linkSync(
      join(root, 'node_modules/@scope/big/lib/index.js'),
      join(root, 'node_modules/@scope/big/same.js'),
    );
    write('node_modules/@scope/big/node_modules/inner/index.js', 300_000);
    write('node_modules/for-development/index.js', 5_000_000);
    write('scripts/selvedge.mjs', 1000);
    write('host/main.ts', 50_000);
    write('host/main.test.ts', 900_000);

    const size = installedSize(root);
    expect(size.packages.map(({ name }) => name)).toEqual(['@scope/big', 'inner', 'selvedge']);
    const [big, inner, own] = size.packages.map(({ bytes }) => bytes);
    // Whole blocks and the folders themselves come on top of the bytes.
    expect(big).toBeGreaterThanOrEqual(1_000_000);
    expect(big).toBeLessThan(1_200_000);
    expect(inner).toBeLessThan(400_000);
    expect(own).toBeLessThan(100_000);
    expect(size.ownMeasured).toBe('sources');
    expect(size.bytes).toBe((big ?? 0) + (inner ?? 0) + (own ?? 0));
  });
});
