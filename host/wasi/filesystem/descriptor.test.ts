import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, readText, sandbox } from './sandbox.ts';

const FOLLOW = { symlinkFollow: true };
const RW = { read: true, write: true };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

test('a file is created, written, read, cut and removed', async () => {
  await using box = await sandbox();
  using file = await box.root.openAt({}, 'file', { create: true, exclusive: true }, RW);
  expect(await file.write(bytes('hello world'), 0n)).toBe(11n);
  expect(await file.write(bytes('!'), 12n)).toBe(1n);
  const [all, atEnd] = await file.read(100n, 0n);
  expect([text(all), atEnd]).toEqual(['hello world\0!', true]);
  const [some, more] = await file.read(5n, 6n);
  expect([text(some), more]).toEqual(['world', false]);
  await file.setSize(5n);
  await file.syncData();
  await file.sync();
  expect(await readText(box.root, 'file')).toBe('hello');
  expect(await codeOf(box.root.openAt({}, 'file', { create: true, exclusive: true }, RW))).toBe(
    'exist',
  );
  using again = await box.root.openAt({}, 'file', { truncate: true }, { read: true });
  expect((await again.stat()).size).toBe(0n);
  await box.root.unlinkFileAt('file');
  expect(await codeOf(box.root.statAt({}, 'file'))).toBe('no-entry');
  expect((await file.stat()).linkCount).toBe(0n);
  await box.root.sync();
});

test('directories are created, renamed and removed, and those opened from them can be changed too', async () => {
  await using box = await sandbox();
  await box.root.createDirectoryAt('a/');
  expect(await codeOf(box.root.createDirectoryAt('a'))).toBe('exist');
  expect(await codeOf(box.root.createDirectoryAt('x/y'))).toBe('no-entry');
  expect(await codeOf(box.root.createDirectoryAt('.'))).toBe('exist');
  using a = await box.root.openAt({}, 'a', { directory: true }, { read: true });
  await a.createDirectoryAt('b');
  expect(await codeOf(box.root.removeDirectoryAt('a'))).toBe('not-empty');
  expect(await codeOf(box.root.removeDirectoryAt('a/.'))).toBe('invalid');
  await box.root.renameAt('a/b', box.root, 'c/');
  expect(await codeOf(box.root.renameAt('a', box.root, 'a/inner'))).toBe('invalid');
  await box.root.removeDirectoryAt('c');
  await box.root.removeDirectoryAt('a/');
  expect(fs.readdirSync(box.inside)).toEqual([]);
  expect(await codeOf(a.createDirectoryAt('late'))).toBe('no-entry');
});

test('links: hard ones to files only, symbolic ones only to what may be inside', async () => {
  await using box = await sandbox();
  fs.writeFileSync(path.join(box.inside, 'file'), 'data');
  await box.root.createDirectoryAt('dir');
  await box.root.linkAt({}, 'file', box.root, 'dir/hard');
  expect((await box.root.statAt({}, 'file')).linkCount).toBe(2n);
  expect(await codeOf(box.root.linkAt({}, 'dir', box.root, 'no'))).toBe('not-permitted');
  expect(await codeOf(box.root.linkAt(FOLLOW, 'file', box.root, 'no'))).toBe('invalid');
  expect(await codeOf(box.root.linkAt({}, 'file', box.root, 'dir/hard'))).toBe('exist');
  expect(await codeOf(box.root.linkAt({}, 'missing', box.root, 'no'))).toBe('no-entry');

  await box.root.symlinkAt('../file', 'dir/soft');
  expect(await box.root.readlinkAt('dir/soft')).toBe('../file');
  expect(await readText(box.root, 'dir/soft')).toBe('data');
  expect(await codeOf(box.root.linkAt({}, 'dir/soft', box.root, 'no'))).toBe('not-permitted');
  expect((await box.root.statAt({}, 'dir/soft')).type).toBe('symbolic-link');
  for (const target of ['/etc/passwd', '..', '../secret', 'dir/../../secret']) {
    expect(await codeOf(box.root.symlinkAt(target, 'no'))).toBe('not-permitted');
  }
  expect(await codeOf(box.root.symlinkAt('', 'no'))).toBe('no-entry');
  expect(await codeOf(box.root.readlinkAt('file'))).toBe('invalid');
  fs.symlinkSync(box.host, path.join(box.inside, 'absolute'));
  expect(await codeOf(box.root.readlinkAt('absolute'))).toBe('not-permitted');
  expect(fs.readdirSync(box.inside).toSorted()).toEqual(['absolute', 'dir', 'file']);
});

test('rename replaces files and moves between writable preopens', async () => {
  await using box = await sandbox({ others: [{ name: 'other', writable: true }] });
  const other = box.roots[1]!;
  fs.writeFileSync(path.join(box.inside, 'one'), '1');
  fs.writeFileSync(path.join(box.inside, 'two'), '22');
  await box.root.renameAt('one', box.root, 'two');
  expect(fs.readFileSync(path.join(box.inside, 'two'), 'utf8')).toBe('1');
  expect(await codeOf(box.root.renameAt('two', box.root, 'slash/'))).toBe('not-directory');
  await box.root.renameAt('two', other, 'moved');
  expect(fs.readFileSync(path.join(box.host, 'other/moved'), 'utf8')).toBe('1');
  await other.createDirectoryAt('dir');
  expect(await codeOf(other.renameAt('dir', box.root, 'dir'))).toBe('cross-device');
  expect(await codeOf(other.linkAt({}, 'moved', box.root, 'linked'))).toBe('cross-device');
  using held = await other.openAt({}, 'moved', {}, { read: true });
  expect(held.getType()).toBe('regular-file');
  expect(await codeOf(other.renameAt('moved', box.root, 'back'))).toBe('cross-device');
});

test('a directory is listed without . and .., and without names that are not UTF-8', async () => {
  await using box = await sandbox();
  for (let index = 0; index < 200; index += 1)
    fs.writeFileSync(path.join(box.inside, `f${index}`), '');
  fs.mkdirSync(path.join(box.inside, 'dir'));
  fs.symlinkSync('dir', path.join(box.inside, 'link'));
  fs.writeFileSync(Buffer.concat([Buffer.from(`${box.inside}/`), Buffer.from([0xff, 0xfe])]), '');
  using stream = await box.root.readDirectory();
  const seen = new Map<string, string>();
  for (
    let entry = await stream.readDirectoryEntry();
    entry !== undefined;
    entry = await stream.readDirectoryEntry()
  ) {
    expect(seen.has(entry.name)).toBe(false);
    seen.set(entry.name, entry.type);
  }
  expect(await stream.readDirectoryEntry()).toBeUndefined();
  expect(seen.size).toBe(202);
  expect([seen.get('dir'), seen.get('link'), seen.get('f7')]).toEqual([
    'directory',
    'symbolic-link',
    'regular-file',
  ]);
});

test('identity: same object, and hashes that follow it without giving away the inode', async () => {
  await using box = await sandbox();
  fs.writeFileSync(path.join(box.inside, 'file'), 'x');
  fs.linkSync(path.join(box.inside, 'file'), path.join(box.inside, 'alias'));
  fs.writeFileSync(path.join(box.inside, 'other'), 'x');
  using file = await box.root.openAt({}, 'file', {}, RW);
  using alias = await box.root.openAt({}, 'alias', {}, { read: true });
  using other = await box.root.openAt({}, 'other', {}, { read: true });
  expect([file.isSameObject(alias), file.isSameObject(other), box.root.isSameObject(file)]).toEqual(
    [true, false, false],
  );
  const before = await file.metadataHash();
  expect(await box.root.metadataHashAt({}, 'alias')).toEqual(before);
  expect((await other.metadataHash()).lower).not.toBe(before.lower);
  await file.write(bytes('longer'), 0n);
  const after = await file.metadataHash();
  expect(after.lower).toBe(before.lower);
  expect(after.upper).not.toBe(before.upper);
  const { ino } = fs.statSync(path.join(box.inside, 'file'), { bigint: true });
  expect([before.lower, before.upper]).not.toContain(ino);
});

test('a call in flight keeps its descriptor open, and an ended instance answers no more', async () => {
  await using box = await sandbox();
  fs.writeFileSync(path.join(box.inside, 'file'), 'data');
  const file = await box.root.openAt({}, 'file', {}, { read: true });
  const reading = file.read(4n, 0n);
  file[Symbol.dispose]();
  expect(text((await reading)[0])).toBe('data');
  const opening = box.root.openAt({}, 'file', { create: true }, RW);
  box.instance.end();
  await expect(opening).rejects.toThrow('the instance has ended');
  await expect(box.root.statAt({}, 'file')).rejects.toThrow('the instance has ended');
});
