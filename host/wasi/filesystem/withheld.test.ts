import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOf, openBelow, sandbox, type Sandbox } from './sandbox.ts';
import { filesystemP2 } from './p2.ts';
import { openPreopen, type PreopenOptions } from './preopen.ts';

const FOLLOW = { symlinkFollow: true };

/** A preopen of `inside`, in which the host keeps `inside/deep/own`. */
async function withheld(box: Sandbox) {
  const own = path.join(box.inside, 'deep/own');
  fs.mkdirSync(path.join(own, 'records'), { recursive: true });
  fs.writeFileSync(path.join(own, 'token'), 'secret');
  fs.writeFileSync(path.join(box.inside, 'deep/open'), 'free');
  fs.symlinkSync('deep/own', path.join(box.inside, 'link'));
  const preopen = await openPreopen(options(box.inside, own));
  const [granted] = filesystemP2(box.instance, {
    preopens: [preopen],
    hashKey: new Uint8Array(16),
  })['wasi:filesystem/preopens'].getDirectories();
  return { own, preopen, root: granted![0] };
}

function options(hostPath: string, own: string): PreopenOptions {
  const quota = { bytes: 1 << 20, files: 100 };
  return { hostPath, guestPath: '/granted', writable: true, quota, withheld: [own] };
}

describe("the host's own directory below a granted one", () => {
  test.each([
    'deep/own',
    'deep/own/',
    'deep/own/token',
    'deep/own/records',
    'deep/own/records/../token',
    'deep/own/..',
    'deep/./own/token',
    'link',
    'link/',
    'link/token',
  ])('is not reached by %s', async (name) => {
    await using box = await sandbox();
    const { preopen, root } = await withheld(box);
    using _preopen = preopen;
    expect(await codeOf(root.openAt(FOLLOW, name, {}, { read: true }))).toBe('not-permitted');
    expect(await codeOf(root.statAt(FOLLOW, name))).toBe('not-permitted');
    expect(await codeOf(root.openAt(FOLLOW, 'deep/open', {}, { read: true }))).toBe('ok');
  });

  test('is neither changed, moved, replaced nor added to', async () => {
    await using box = await sandbox();
    const { preopen, root, own } = await withheld(box);
    using _preopen = preopen;
    expect(await codeOf(root.openAt({}, 'deep/own/new', { create: true }, { write: true }))).toBe(
      'not-permitted',
    );
    expect(await codeOf(root.createDirectoryAt('deep/own/new'))).toBe('not-permitted');
    expect(await codeOf(root.symlinkAt('x', 'deep/own/new'))).toBe('not-permitted');
    expect(await codeOf(root.unlinkFileAt('deep/own/token'))).toBe('not-permitted');
    expect(await codeOf(root.removeDirectoryAt('deep/own/records'))).toBe('not-permitted');
    expect(await codeOf(root.renameAt('deep/own', root, 'moved'))).toBe('not-permitted');
    expect(await codeOf(root.renameAt('deep/own/token', root, 'moved'))).toBe('not-permitted');
    expect(await codeOf(root.renameAt('deep/open', root, 'deep/own'))).toBe('not-permitted');
    expect(await codeOf(root.linkAt({}, 'deep/own/token', root, 'linked'))).toBe('not-permitted');
    expect(fs.readdirSync(own).toSorted()).toEqual(['records', 'token']);
  });

  test('stays out of reach when it is called something else by now', async () => {
    await using box = await sandbox();
    const { preopen, root, own } = await withheld(box);
    using _preopen = preopen;
    fs.renameSync(own, path.join(box.inside, 'renamed'));
    expect(await codeOf(root.openAt(FOLLOW, 'renamed/token', {}, { read: true }))).toBe(
      'not-permitted',
    );
  });

  test.each(['deep/own', 'deep/own/records', 'link', 'link/records'])(
    'cannot be granted itself, as %s',
    async (name) => {
      await using box = await sandbox();
      const { preopen, own } = await withheld(box);
      using _preopen = preopen;
      const open = openBelow(box.inside);
      await expect(openPreopen(options(path.join(box.inside, name), own))).rejects.toMatchObject({
        code: 'preopen-refused',
        fix: expect.stringContaining('--data'),
      });
      expect(openBelow(box.inside)).toEqual(open);
    },
  );

  test('keeps no directory beside it from being granted, though its name begins alike', async () => {
    await using box = await sandbox();
    const { preopen, own } = await withheld(box);
    using _preopen = preopen;
    fs.mkdirSync(`${own}-beside`);
    using beside = await openPreopen(options(`${own}-beside`, own));
    expect(beside.guestPath).toBe('/granted');
  });
});
