import { chmod, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminToken } from './token.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'selvedge-token-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const token = (env: Record<string, string> = {}) => adminToken({ dataDir, env });

describe('adminToken', () => {
  it('makes a token of 32 random bytes that only this user may read, and keeps it', async () => {
    const { value, file } = await token();
    expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(file).toBe(join(dataDir, 'admin-token'));
    expect((await stat(file as string)).mode & 0o777).toBe(0o600);
    expect(await readFile(file as string, 'utf8')).toBe(`${value}\n`);
    expect((await token()).value).toBe(value);
    expect(await readdir(dataDir)).toEqual(['admin-token']);
  });

  it('makes the data directory where there is none', async () => {
    dataDir = join(dataDir, 'new');
    expect((await token()).value).toHaveLength(43);
    expect((await stat(dataDir)).mode & 0o077).toBe(0);
  });

  it('gives all who start at once the same token', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => token()));
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(1);
  });

  it.each([0o644, 0o640, 0o604, 0o620])(
    'refuses a file of mode %o, and says how to mend it',
    async (mode) => {
      const { file } = await token();
      await chmod(file as string, mode);
      await expect(token()).rejects.toMatchObject({
        code: 'admin-token-exposed',
        fix: expect.stringContaining(`chmod 600 ${file}`),
      });
    },
  );

  it('follows no link', async () => {
    await writeFile(join(dataDir, 'elsewhere'), 'x'.repeat(40), { mode: 0o600 });
    await symlink(join(dataDir, 'elsewhere'), join(dataDir, 'admin-token'));
    await expect(token()).rejects.toMatchObject({
      code: 'admin-token-unusable',
      fix: expect.stringContaining('not a link'),
    });
  });

  it.each(['', 'short', 'with a space in the middle', 'x'.repeat(2000)])(
    'refuses a file that holds %j',
    async (text) => {
      await writeFile(join(dataDir, 'admin-token'), text, { mode: 0o600 });
      await expect(token()).rejects.toMatchObject({
        code: 'admin-token-invalid',
        fix: expect.any(String),
      });
    },
  );

  it('takes the one of the environment, and writes nothing', async () => {
    expect(await token({ SELVEDGE_ADMIN_TOKEN: 'sixteen-chars-ok' })).toEqual({
      value: 'sixteen-chars-ok',
      file: undefined,
    });
    expect(await readdir(dataDir)).toEqual([]);
  });

  it.each(['', 'fifteen-chars--', 'with spaces in it, long'])(
    'refuses %j from the environment without repeating it',
    async (given) => {
      const error = await token({ SELVEDGE_ADMIN_TOKEN: given }).catch((thrown: Error) => thrown);
      expect(error).toMatchObject({
        code: 'admin-token-invalid',
        fix: expect.stringContaining('openssl'),
      });
      if (given !== '') expect((error as Error).message).not.toContain(given);
    },
  );
});
