import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Descriptor } from './descriptor.ts';
import { codeOf, sandbox } from './sandbox.ts';

const FOLLOW = { symlinkFollow: true };
const NOW = { tag: 'now' } as const;

function tree(_host: string, inside: string): void {
  fs.mkdirSync(path.join(inside, 'dir'));
  fs.writeFileSync(path.join(inside, 'file'), 'unchanged');
}

const changes: Record<string, (root: Descriptor) => Promise<unknown>> = {
  create: (root) => root.openAt(FOLLOW, 'new', { create: true }, { read: true }),
  'open for writing': (root) => root.openAt(FOLLOW, 'file', {}, { write: true }),
  'open truncating': (root) => root.openAt(FOLLOW, 'file', { truncate: true }, { read: true }),
  'open a directory to change it': (root) =>
    root.openAt(FOLLOW, 'dir', { directory: true }, { mutateDirectory: true }),
  'set times by path': (root) => root.setTimesAt(FOLLOW, 'file', NOW, NOW),
  'set times of the directory': (root) => root.setTimes(NOW, NOW),
  rename: (root) => root.renameAt('file', root, 'other'),
  unlink: (root) => root.unlinkFileAt('file'),
  'remove directory': (root) => root.removeDirectoryAt('dir'),
  'create directory': (root) => root.createDirectoryAt('more'),
  link: (root) => root.linkAt({}, 'file', root, 'linked'),
  symlink: (root) => root.symlinkAt('file', 'linked'),
};

const fileChanges: Record<string, (file: Descriptor) => Promise<unknown> | (() => unknown)> = {
  write: (file) => file.write(new Uint8Array([1]), 0n),
  'write by stream': (file) => () => file.writeViaStream(0n),
  'append by stream': (file) => file.appendViaStream(),
  'set size': (file) => file.setSize(0n),
  'set times': (file) => file.setTimes(NOW, NOW),
};

describe('a read-only preopen', () => {
  test.each(Object.entries(changes))('refuses: %s', async (_name, change) => {
    await using box = await sandbox({ writable: false, prepare: tree });
    const before = fs.statSync(path.join(box.inside, 'file'), { bigint: true });
    expect(await codeOf(change(box.root))).toBe('read-only');
    using sub = await box.root.openAt({}, 'dir', { directory: true }, { read: true });
    expect(await codeOf(sub.createDirectoryAt('x'))).toBe('read-only');
    expect(box.denials).toHaveLength(1);
    expect(box.denials[0]?.fix).toContain('/inside:rw');
    expect(fs.readdirSync(box.inside)).toEqual(['dir', 'file']);
    expect(fs.statSync(path.join(box.inside, 'file'), { bigint: true })).toEqual(before);
  });

  test.each(Object.entries(fileChanges))('refuses on its files: %s', async (_name, change) => {
    await using box = await sandbox({ writable: false, prepare: tree });
    using file = await box.root.openAt({}, 'file', {}, { read: true });
    expect(await codeOf(change(file))).toBe('read-only');
    expect(fs.readFileSync(path.join(box.inside, 'file'), 'utf8')).toBe('unchanged');
    expect(await codeOf(file.sync())).toBe('ok');
  });

  test('cannot be changed by links and renames into a writable one, nor the other way round', async () => {
    await using box = await sandbox({
      writable: false,
      prepare: tree,
      others: [{ name: 'rw', writable: true }],
    });
    const rw = box.roots[1]!;
    using created = await rw.openAt({}, 'mine', { create: true }, { write: true });
    expect(created.getFlags().write).toBe(true);
    expect(await codeOf(box.root.linkAt({}, 'file', rw, 'stolen'))).toBe('read-only');
    expect(await codeOf(box.root.renameAt('file', rw, 'stolen'))).toBe('read-only');
    expect(await codeOf(rw.renameAt('mine', box.root, 'file'))).toBe('read-only');
    expect(await codeOf(rw.linkAt({}, 'mine', box.root, 'planted'))).toBe('read-only');
    expect(fs.readdirSync(box.inside)).toEqual(['dir', 'file']);
    expect(fs.readdirSync(path.join(box.host, 'rw'))).toEqual(['mine']);
  });
});

describe('a writable preopen', () => {
  test('gives descriptors only the rights that were asked for', async () => {
    await using box = await sandbox({ prepare: tree });
    using reader = await box.root.openAt({}, 'file', {}, { read: true });
    using writer = await box.root.openAt({}, 'file', {}, { write: true });
    expect(await codeOf(reader.write(new Uint8Array([1]), 0n))).toBe('bad-descriptor');
    expect(await codeOf(reader.setSize(0n))).toBe('bad-descriptor');
    expect(await codeOf(() => reader.writeViaStream(0n))).toBe('bad-descriptor');
    expect(await codeOf(writer.read(1n, 0n))).toBe('bad-descriptor');
    expect(await codeOf(() => writer.readViaStream(0n))).toBe('bad-descriptor');
    expect(reader.getFlags()).toMatchObject({ read: true, write: false, mutateDirectory: false });
    expect(box.root.getFlags()).toMatchObject({ read: true, mutateDirectory: true });
  });

  test('keeps file and directory operations apart', async () => {
    await using box = await sandbox({ prepare: tree });
    using file = await box.root.openAt({}, 'file', {}, { read: true, write: true });
    expect(await codeOf(file.openAt({}, 'x', {}, { read: true }))).toBe('not-directory');
    expect(await codeOf(file.readDirectory())).toBe('not-directory');
    expect(await codeOf(box.root.read(1n, 0n))).toBe('is-directory');
    expect(await codeOf(box.root.setSize(0n))).toBe('is-directory');
    expect(await codeOf(() => box.root.advise(0n, 1n, 'normal'))).toBe('is-directory');
    expect(await codeOf(box.root.openAt({}, 'dir', {}, { write: true }))).toBe('is-directory');
    expect(await codeOf(box.root.openAt({}, 'file', { directory: true }, { read: true }))).toBe(
      'not-directory',
    );
    expect(
      await codeOf(box.root.openAt({}, 'x', { create: true, directory: true }, { read: true })),
    ).toBe('invalid');
    expect(await codeOf(box.root.unlinkFileAt('dir'))).toBe('is-directory');
    expect(await codeOf(box.root.removeDirectoryAt('file'))).toBe('not-directory');
  });

  test('a guest that tries again and again makes one log line for each reason', async () => {
    await using box = await sandbox({ writable: false, prepare: tree });
    for (let round = 0; round < 20; round += 1) {
      await codeOf(box.root.unlinkFileAt('file'));
      await codeOf(box.root.statAt({}, '../secret'));
    }
    expect(box.denials).toHaveLength(2);
  });
});
