import { execFile } from 'node:child_process';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../base/index.ts';
import { chunksOf, digest, storeConformance } from '../../conformance.ts';
import { openFileStore } from './index.ts';
import { breakingDisk } from './breaking-disk.ts';
import type { Disk } from './disk.ts';
import type { Store } from '../../store.ts';

storeConformance('files', async (options) => {
  const directory = await mkdtemp(join(tmpdir(), 'store-'));
  const store = await openFileStore({ ...options, directory, clock: systemClock() });
  return { store, destroy: () => rm(directory, { recursive: true }) };
});

describe('files', () => {
  let parent: string;
  let directory: string;
  let reports: string[];
  let opened: Store[];
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'store-'));
    directory = join(parent, 'made', 'data');
    reports = [];
    opened = [];
  });
  afterEach(async () => {
    for (const store of opened) await store.close();
    await rm(parent, { recursive: true });
  });

  const open = async (disk?: Disk) => {
    const store = await openFileStore({
      directory,
      clock: systemClock(),
      cacheBytes: 1000,
      report: ({ reason, key }) => reports.push(`${reason} ${key}`),
      disk,
    });
    opened.push(store);
    return store;
  };
  const reopen = async (store: Store) => {
    await store.close();
    return open();
  };
  const staged = () => readdir(join(directory, 'staging'));

  test('everything outlives the process, and only its owner can read it', async () => {
    const store = await open();
    await commit(store, 'bytes');
    await store.records.put('a/b', { secret: 1 });
    await store.cache.put('k', Buffer.from('v'));
    const again = await reopen(store);
    expect(await again.artifacts.has(digest('bytes'))).toBe(true);
    expect((await again.records.get('a/b'))?.value).toEqual({ secret: 1 });
    expect(await again.cache.get('k')).toEqual(Buffer.from('v'));
    const modes = new Set<string>();
    for (const entry of ['.', ...(await readdir(directory, { recursive: true }))]) {
      const { mode } = await stat(join(directory, entry));
      modes.add(mode.toString(8));
    }
    expect([...modes].toSorted()).toEqual(['100600', '40700']);
  });

  test('staging is streamed to the disk, empty after every failure, and emptied at start', async () => {
    const store = await open();
    async function* watched() {
      yield Buffer.alloc(1000);
      const [name] = await staged();
      expect((await stat(join(directory, 'staging', name!))).size).toBe(1000);
      yield Buffer.alloc(1000);
      throw new Error('cut');
    }
    await expect(store.artifacts.stage(watched(), { maxBytes: 5000 })).rejects.toMatchObject({
      code: 'source-failed',
    });
    expect(await staged()).toEqual([]);
    await expect(store.artifacts.stage(chunksOf('xx'), { maxBytes: 1 })).rejects.toMatchObject({
      code: 'artifact-too-large',
    });
    expect(await staged()).toEqual([]);
    await store.artifacts.stage(chunksOf('left over'), { maxBytes: 100 });
    expect(await staged()).toHaveLength(1);
    await reopen(store);
    expect(await staged()).toEqual([]);
  });

  test('a damaged artifact is refused and set aside, and storing it again mends it', async () => {
    const store = await open();
    const path = join(directory, 'artifacts', `${digest('module')}.wasm`);
    for (const damage of [
      () => truncate(path, 3),
      () => writeFile(path, 'nodule'),
      () => writeFile(path, ''),
    ]) {
      await commit(store, 'module');
      await damage();
      await expect(store.artifacts.read(digest('module'))).rejects.toMatchObject({
        code: 'artifact-corrupt',
      });
      expect(await store.artifacts.list()).toEqual([]);
      expect(await readdir(join(directory, 'artifacts'))).toEqual([
        `${digest('module')}.wasm.corrupt`,
      ]);
    }
    await commit(store, 'module');
    await writeFile(path, 'nodule');
    await commit(store, 'module');
    expect(Buffer.from(await store.artifacts.read(digest('module'))).toString()).toBe('module');
  });

  test('a damaged record is told from a missing one, is listed, and can be replaced or deleted', async () => {
    const store = await open();
    await store.records.put('f/x', { env: 'hunter2' });
    const path = join(directory, 'records', 'f', 'x.json');
    const whole = await readFile(path, 'utf8');
    for (const damaged of [
      '',
      '{',
      whole.slice(0, -4),
      whole.replace('hunter2', 'hunter3'),
      '[]',
      '{"value":1}',
      '\0'.repeat(100),
    ]) {
      await writeFile(path, damaged);
      const failure = await store.records.get('f/x').catch((error: unknown) => inspect(error));
      expect(failure).toContain('record-corrupt');
      expect(failure).not.toContain('hunter');
    }
    expect(await store.records.list('f')).toEqual(['f/x']);
    await store.records.put('f/x', 2);
    expect((await store.records.get('f/x'))?.value).toBe(2);
    await writeFile(path, '');
    expect(await store.records.delete('f/x')).toBe(true);
    expect(await readdir(join(directory, 'records'))).toEqual([]);
  });

  test('files that are no records are not listed', async () => {
    const store = await open();
    await store.records.put('f/x', 1);
    await mkdir(join(directory, 'records', 'f', 'y.json'));
    for (const name of ['notes.txt', 'x.json~', '.x.json.swp', 'UPPER.json'])
      await writeFile(join(directory, 'records', 'f', name), '');
    expect(await store.records.list('')).toEqual(['f/x']);
  });

  test('a damaged cache entry, or that of another key, is a miss with its reason', async () => {
    const store = await open();
    const entry = {
      k: join(directory, 'cache', digest('k')),
      other: join(directory, 'cache', digest('other')),
    };
    for (const damage of [
      () => truncate(entry.k, 10),
      () => appendFile(entry.k, 'x'),
      async () => writeFile(entry.k, await readFile(entry.other)),
    ]) {
      await store.cache.put('k', Buffer.from('value'));
      await store.cache.put('other', Buffer.from('other'));
      await damage();
      expect(await store.cache.get('k')).toBeUndefined();
      expect(await store.cache.get('k')).toBeUndefined();
    }
    expect(reports).toEqual(['corrupt k', 'corrupt k', 'corrupt k']);
  });

  test('the cache stays within its size over restarts', async () => {
    let store = await open();
    for (let n = 0; n < 30; n++) {
      await store.cache.put(`k${n}`, Buffer.alloc(200));
      if (n % 7 === 0) store = await reopen(store);
    }
    let total = 0;
    for (const name of await readdir(join(directory, 'cache')))
      total += (await stat(join(directory, 'cache', name))).size;
    expect(total).toBeLessThanOrEqual(1000);
    expect(await store.cache.get('k29')).toBeDefined();
  });

  test('a second process, and a second store of this one, is refused while the first holds the directory', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'data-locked',
      status: 503,
      message: expect.stringContaining(`(${process.pid})`),
    });
    const other = promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { openFileStore } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
       await openFileStore({ directory: ${JSON.stringify(directory)}, report() {}, clock: { wall: () => 0n } }).catch((error) => console.log(error.code, error.fix));`,
    ]);
    expect((await other).stdout).toMatch(/^data-locked .*--data DIR/);
    await reopen(store);
  });

  test('a full disk is 507 and a failing one 503; what was there stays, nothing is left over, and it recovers by itself', async () => {
    const disk = breakingDisk();
    const store = await open(disk);
    await commit(store, 'old');
    await store.records.put('a', 'old');
    for (const [code, expected] of [
      ['ENOSPC', { code: 'storage-full', status: 507 }],
      ['EIO', { code: 'storage-failed', status: 503 }],
      ['EROFS', { code: 'storage-failed', status: 503 }],
      ['EMFILE', { code: 'storage-failed', status: 503 }],
    ] as const) {
      disk.failWrites(code);
      await expect(store.artifacts.stage(chunksOf('new'), { maxBytes: 100 })).rejects.toMatchObject(
        expected,
      );
      await expect(store.records.put('a', 'new')).rejects.toMatchObject(expected);
      expect(await store.cache.put('k', Buffer.from('v'))).toBe(false);
      expect(await store.cache.get('k')).toBeUndefined();
      disk.failWrites(undefined);
      expect(await staged()).toEqual([]);
      expect((await store.records.get('a'))?.value).toBe('old');
      expect(await store.artifacts.has(digest('old'))).toBe(true);
    }
    expect(reports).toEqual(Array(4).fill('unwritable k'));
    await store.records.put('a', 'new');
    await commit(store, 'new');
  });

  test('a file is synced before it is renamed, and its directory, with every new one above it, after', async () => {
    const disk = breakingDisk();
    const store = await open(disk);
    disk.trace.length = 0;
    await store.records.put('a/b/c', 1);
    expect(
      disk.trace.map((step) => step.replaceAll(`${directory}/`, '').replaceAll(/\d+-\d+/g, 'N')),
    ).toEqual([
      'open staging/N',
      'write staging/N',
      'sync staging/N',
      'mkdir records/a/b',
      'sync records/a',
      'sync records',
      'rename staging/N records/a/b/c.json',
      'sync records/a/b',
    ]);
    disk.trace.length = 0;
    await commit(store, 'x');
    expect(
      disk.trace.map((step) => step.replaceAll(`${directory}/`, '').replaceAll(/\d+-\d+/g, 'N')),
    ).toEqual([
      'open staging/N',
      'write staging/N',
      'sync staging/N',
      `rename staging/N artifacts/${digest('x')}.wasm`,
      'sync artifacts',
    ]);
  });
});

async function commit(store: Store, text: string) {
  await (await store.artifacts.stage(chunksOf(text), { maxBytes: 1e6 })).commit();
}
