import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { closed, codeOf, openBelow, readText, sandbox, SECRET } from './sandbox.ts';

const FOLLOW = { symlinkFollow: true };

function tree(host: string, inside: string): void {
  fs.mkdirSync(path.join(inside, 'a/b'), { recursive: true });
  fs.writeFileSync(path.join(inside, 'a/b/file'), 'here');
  fs.mkdirSync(path.join(host, 'outside'));
  fs.writeFileSync(path.join(host, 'outside/file'), SECRET);
  const links: Record<string, string> = {
    'to-secret': '../secret',
    'to-outside': '../outside',
    absolute: path.join(host, 'secret'),
    second: 'to-secret',
    through: 'to-outside/file',
    'a/up': '../../secret',
    good: 'a/b/file',
    'good-dir': 'a/b',
    'a/back': '../a/./b/../b/file',
    'loop-1': 'loop-2',
    'loop-2': 'loop-1',
    dangling: 'a/new',
    'dangling-out': '../created',
    self: '.',
    proc: '/proc/self',
  };
  for (const [name, target] of Object.entries(links))
    fs.symlinkSync(target, path.join(inside, name));
}

describe('paths that lead out of the preopen', () => {
  const escapes = [
    '..',
    '../secret',
    'a/../../secret',
    'a/b/../../../secret',
    '/',
    '/etc/passwd',
    'a/../..',
    './..',
    'to-secret',
    'absolute',
    'second',
    'through',
    'a/up',
    'to-outside',
    'to-outside/',
    'to-outside/.',
    'to-outside/file',
    'to-secret/',
    'good-dir/../../../secret',
    'self/..',
    'self/self/../secret/..',
    'proc/environ',
    'proc/fd/0',
  ];
  test.each(escapes)('%s cannot be opened, looked at or listed', async (escape) => {
    await using box = await sandbox({ prepare: tree });
    const codes = new Set([
      await codeOf(box.root.openAt(FOLLOW, escape, {}, { read: true })),
      await codeOf(box.root.statAt(FOLLOW, escape)),
      await codeOf(box.root.openAt(FOLLOW, escape, { directory: true }, { read: true })),
      await codeOf(box.root.metadataHashAt(FOLLOW, escape)),
      await codeOf(box.root.openAt(FOLLOW, escape, { create: true }, { write: true })),
      await codeOf(box.root.setTimesAt(FOLLOW, escape, { tag: 'now' }, { tag: 'now' })),
    ]);
    expect([...codes]).toEqual(['not-permitted']);
    expect(box.denials).toHaveLength(1);
    expect(box.denials[0]?.what).not.toContain(box.host + '/');
    expect(openBelow(box.host)).toEqual([box.inside]);
  });

  test('a descriptor of a subdirectory confines to that directory', async () => {
    await using box = await sandbox({ prepare: tree });
    using sub = await box.root.openAt({}, 'a', { directory: true }, { read: true });
    expect(await codeOf(sub.openAt(FOLLOW, '../good', {}, { read: true }))).toBe('not-permitted');
    expect(await codeOf(sub.openAt(FOLLOW, 'back', {}, { read: true }))).toBe('not-permitted');
    expect(await readText(sub, 'b/file')).toBe('here');
  });

  test("one function's directory is not reachable from another's", async () => {
    await using box = await sandbox({ others: [{ name: 'neighbour', writable: false }] });
    expect(await codeOf(box.root.statAt(FOLLOW, '../neighbour'))).toBe('not-permitted');
    expect(await codeOf(box.root.symlinkAt('../neighbour', 'link'))).toBe('not-permitted');
  });
});

test.each([
  ['', 'no-entry'],
  ['a\0b', 'invalid'],
  ['x'.repeat(256), 'name-too-long'],
  [`${'x/'.repeat(2048)}y`, 'name-too-long'],
  ['\ud800', 'illegal-byte-sequence'],
  ['..\\secret', 'no-entry'],
  ['missing', 'no-entry'],
  ['a/b/file/x', 'not-directory'],
  ['a/b/file/', 'not-directory'],
  ['a/b/file/.', 'not-directory'],
  ['a/b/file/..', 'not-directory'],
  ['good/', 'not-directory'],
  ['loop-1', 'loop'],
  ['loop-1/x', 'loop'],
  ['./'.repeat(300), 'name-too-long'],
  ['missing/..', 'no-entry'],
])('path %j fails with %s', async (given, code) => {
  await using box = await sandbox({ prepare: tree });
  expect(await codeOf(box.root.statAt(FOLLOW, given))).toBe(code);
  expect(openBelow(box.host)).toEqual([box.inside]);
});

test.each([
  ['good', 'here'],
  ['good-dir/file', 'here'],
  ['a/back', 'here'],
  ['a//b/./file', 'here'],
  ['a/../a/b/file', 'here'],
  ['self/self/good', 'here'],
])('what stays inside is reached: %s', async (given, content) => {
  await using box = await sandbox({ prepare: tree });
  expect(await readText(box.root, given)).toBe(content);
  expect(box.denials).toEqual([]);
});

test('a trailing slash follows a symlink by the same walk, and only for what reads the object', async () => {
  await using box = await sandbox({ prepare: tree });
  expect((await box.root.statAt({}, 'good-dir')).type).toBe('symbolic-link');
  expect((await box.root.statAt({}, 'good-dir/')).type).toBe('directory');
  expect(await codeOf(box.root.unlinkFileAt('good-dir/'))).toBe('not-directory');
  expect(await codeOf(box.root.removeDirectoryAt('good-dir/'))).toBe('not-directory');
  expect(await codeOf(box.root.renameAt('good-dir/', box.root, 'moved'))).toBe('not-directory');
  expect(await codeOf(box.root.openAt(FOLLOW, 'fresh/', { create: true }, { write: true }))).toBe(
    'is-directory',
  );
  expect(fs.readlinkSync(path.join(box.inside, 'good-dir'))).toBe('a/b');
});

test('creating through a symlink stays inside', async () => {
  await using box = await sandbox({ prepare: tree });
  const create = (name: string, exclusive = false) =>
    codeOf(box.root.openAt(FOLLOW, name, { create: true, exclusive }, { write: true }));
  expect(await create('dangling-out')).toBe('not-permitted');
  expect(await create('dangling', true)).toBe('exist');
  expect(await create('dangling')).toBe('ok');
  expect(fs.existsSync(path.join(box.inside, 'a/new'))).toBe(true);
  expect(fs.existsSync(path.join(box.host, 'created'))).toBe(false);
  expect(await codeOf(box.root.openAt({}, 'good', {}, { read: true }))).toBe('loop');
});

test('FIFOs, sockets and devices are refused at once and never opened', async () => {
  await using box = await sandbox({
    prepare: (_host, inside) => execFileSync('mkfifo', [path.join(inside, 'fifo')]),
  });
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(path.join(box.inside, 'socket'), resolve));
  try {
    for (const name of ['fifo', 'socket']) {
      expect(await codeOf(box.root.openAt(FOLLOW, name, {}, { read: true }))).toBe('unsupported');
      expect(
        await codeOf(
          box.root.openAt(FOLLOW, name, { create: true, truncate: true }, { write: true }),
        ),
      ).toBe('unsupported');
      expect(await codeOf(box.root.openAt(FOLLOW, name, { directory: true }, { read: true }))).toBe(
        'not-directory',
      );
      expect((await box.root.statAt({}, name)).type).toBe(name);
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test.skipIf(!fs.existsSync('/dev/null'))(
  'devices and kernel file systems below a grant of / are unreachable',
  async () => {
    const { openPreopen } = await import('./preopen.ts');
    const { filesystemP2 } = await import('./p2.ts');
    await using box = await sandbox();
    using everything = await openPreopen({
      hostPath: '/',
      guestPath: '/all',
      writable: false,
      quota: { bytes: 0, files: 0 },
    });
    const [granted] = filesystemP2(box.instance, {
      preopens: [everything],
      hashKey: new Uint8Array(16),
    })['wasi:filesystem/preopens'].getDirectories();
    const root = granted![0];
    const codes: Record<string, unknown> = {};
    for (const name of ['proc/self/environ', 'proc/self', 'proc', 'proc/1/status', 'sys/kernel'])
      codes[name] = await codeOf(root.openAt(FOLLOW, name, {}, { read: true }));
    expect(new Set(Object.values(codes))).toEqual(new Set(['not-permitted']));
    expect(await codeOf(root.openAt(FOLLOW, 'dev/null', {}, { read: true }))).toBe('unsupported');
    expect(await codeOf(root.statAt(FOLLOW, 'etc'))).toBe('ok');
  },
);

test('a directory that is moved away is still confined, and no error path leaks a descriptor', async () => {
  await using box = await sandbox({ prepare: tree });
  using sub = await box.root.openAt({}, 'a/b', { directory: true }, { read: true });
  fs.renameSync(path.join(box.inside, 'a/b'), path.join(box.host, 'moved'));
  expect(await codeOf(sub.statAt(FOLLOW, '..'))).toBe('not-permitted');
  expect(await codeOf(sub.openAt(FOLLOW, '../secret', {}, { read: true }))).toBe('not-permitted');
  sub[Symbol.dispose]();
  await closed(box.host, 1);
  expect(openBelow(box.host)).toEqual([box.inside]);
});
