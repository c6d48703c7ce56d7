import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { closed, codeOf, sandbox } from './sandbox.ts';

const RW = { read: true, write: true };
const CREATE = { create: true };

test('what is there counts, growth takes, removing gives back', async () => {
  await using box = await sandbox({
    quota: { bytes: 1000, files: 5 },
    prepare: (_host, inside) => {
      fs.mkdirSync(path.join(inside, 'dir'));
      fs.writeFileSync(path.join(inside, 'dir/old'), Buffer.alloc(300));
      fs.linkSync(path.join(inside, 'dir/old'), path.join(inside, 'again'));
    },
  });
  const { quota } = box.preopens[0]!;
  expect(quota.used).toEqual({ bytes: 300, files: 3 });
  const file = await box.root.openAt({}, 'file', CREATE, RW);
  await file.write(new Uint8Array(500), 0n);
  await file.write(new Uint8Array(500), 0n);
  expect(quota.used).toEqual({ bytes: 800, files: 4 });
  expect(await codeOf(file.write(new Uint8Array(300), 500n))).toBe('quota');
  expect(await codeOf(file.setSize(701n))).toBe('quota');
  expect(await codeOf(file.write(new Uint8Array(1), 2n ** 52n))).toBe('quota');
  expect(await codeOf(file.write(new Uint8Array(1), 2n ** 60n))).toBe('file-too-large');
  expect(await codeOf(file.setSize(2n ** 64n - 1n))).toBe('file-too-large');
  await file.setSize(700n);
  await file.setSize(100n);
  expect(quota.used).toEqual({ bytes: 400, files: 4 });
  await box.root.unlinkFileAt('again');
  expect(quota.used).toEqual({ bytes: 400, files: 3 });
  await box.root.unlinkFileAt('dir/old');
  await box.root.removeDirectoryAt('dir');
  expect(quota.used).toEqual({ bytes: 100, files: 1 });
  file[Symbol.dispose]();
});

test('the number of entries is bounded, of every kind', async () => {
  await using box = await sandbox({ quota: { bytes: 1000, files: 4 } });
  (await box.root.openAt({}, 'file', CREATE, RW))[Symbol.dispose]();
  await box.root.createDirectoryAt('dir');
  await box.root.symlinkAt('file', 'soft');
  await box.root.linkAt({}, 'file', box.root, 'hard');
  expect(await codeOf(box.root.openAt({}, 'more', CREATE, RW))).toBe('quota');
  expect(await codeOf(box.root.createDirectoryAt('more'))).toBe('quota');
  expect(await codeOf(box.root.symlinkAt('file', 'more'))).toBe('quota');
  expect(await codeOf(box.root.linkAt({}, 'file', box.root, 'more'))).toBe('quota');
  expect(await codeOf(box.root.createDirectoryAt('dir'))).toBe('quota');
  expect(fs.readdirSync(box.inside)).toHaveLength(4);
  await box.root.renameAt('file', box.root, 'soft');
  expect(box.preopens[0]!.quota.used).toEqual({ bytes: 0, files: 3 });
  expect(box.denials).toHaveLength(1);
  expect(box.denials[0]?.fix).toContain('quota=');
});

test('a file that is removed while open keeps its bytes charged until it is closed', async () => {
  await using box = await sandbox({ quota: { bytes: 100, files: 10 } });
  const { quota, inodes } = box.preopens[0]!;
  const file = await box.root.openAt({}, 'file', CREATE, RW);
  await file.write(new Uint8Array(80), 0n);
  await box.root.unlinkFileAt('file');
  expect(quota.used).toEqual({ bytes: 80, files: 0 });
  using other = await box.root.openAt({}, 'other', CREATE, RW);
  expect(await codeOf(other.write(new Uint8Array(30), 0n))).toBe('quota');
  file[Symbol.dispose]();
  await closed(box.host, 2);
  expect(quota.used.bytes).toBe(0);
  expect(await codeOf(other.write(new Uint8Array(30), 0n))).toBe('ok');
  expect(inodes.count).toBe(1);
});

test('writes at once never take more than there is, and count exactly', async () => {
  await using box = await sandbox({ quota: { bytes: 1000, files: 10 } });
  using file = await box.root.openAt({}, 'file', CREATE, RW);
  using same = await box.root.openAt({}, 'file', {}, RW);
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      codeOf((index % 2 === 0 ? file : same).write(new Uint8Array(50), BigInt(index * 50))),
    ),
  );
  expect(results.filter((code) => code === 'ok')).toHaveLength(20);
  expect(new Set(results)).toEqual(new Set(['ok', 'quota']));
  expect(box.preopens[0]!.quota.used.bytes).toBe(1000);
  expect((await file.stat()).size).toBe(1000n);
});

test('a directory that is over its quota can be opened, read and emptied', async () => {
  await using box = await sandbox({
    quota: { bytes: 10, files: 100 },
    prepare: (_host, inside) => {
      for (const name of ['a', 'b']) fs.writeFileSync(path.join(inside, name), Buffer.alloc(20));
    },
  });
  using file = await box.root.openAt({}, 'a', {}, RW);
  expect(await codeOf(file.write(new Uint8Array(20), 0n))).toBe('ok');
  expect(await codeOf(file.write(new Uint8Array(1), 20n))).toBe('quota');
  expect(await codeOf(box.root.unlinkFileAt('b'))).toBe('ok');
});

test('depth and name length are bounded', async () => {
  await using box = await sandbox();
  let directory = box.root;
  let depth = 0;
  let code: unknown = 'ok';
  while (depth < 200) {
    code = await codeOf(directory.createDirectoryAt('d'));
    if (code !== 'ok') break;
    directory = await directory.openAt({}, 'd', { directory: true }, { read: true });
    depth += 1;
  }
  expect([code, depth]).toEqual(['name-too-long', 64]);
  expect(await codeOf(box.root.createDirectoryAt('é'.repeat(128)))).toBe('name-too-long');
  expect(await codeOf(box.root.createDirectoryAt('é'.repeat(127)))).toBe('ok');
});
