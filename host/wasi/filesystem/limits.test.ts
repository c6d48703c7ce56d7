import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Descriptor } from './descriptor.ts';
import { closed, codeOf, openBelow, sandbox } from './sandbox.ts';

function files(_host: string, inside: string): void {
  fs.mkdirSync(path.join(inside, 'dir'));
  fs.writeFileSync(path.join(inside, 'file'), 'x'.repeat(5000));
}

test('open files and directory streams stop at limits.files, and the end of the instance closes them all', async () => {
  await using box = await sandbox({ limits: { files: 20 }, prepare: files });
  const codes: unknown[] = [];
  for (let count = 0; count < 200; count += 1) {
    codes.push(
      await codeOf(
        count % 3 === 0
          ? box.root.readDirectory()
          : box.root.openAt({}, count % 3 === 1 ? 'file' : 'dir', {}, { read: true }),
      ),
    );
  }
  expect(codes.filter((code) => code === 'ok')).toHaveLength(20);
  expect(new Set(codes)).toEqual(new Set(['ok', 'insufficient-memory']));
  expect(openBelow(box.host)).toHaveLength(21);
  box.instance.end();
  await closed(box.host, 1);
});

test('a slot is free again when the last user of a file lets go', async () => {
  await using box = await sandbox({ limits: { files: 1 }, prepare: files });
  for (let round = 0; round < 5; round += 1) {
    const file: Descriptor = await box.root.openAt({}, 'file', {}, { read: true });
    const stream = file.readViaStream(0n);
    file[Symbol.dispose]();
    expect(await codeOf(box.root.openAt({}, 'file', {}, { read: true }))).toBe(
      'insufficient-memory',
    );
    stream[Symbol.dispose]();
  }
  expect(await codeOf(box.root.openAt({}, 'missing', {}, { read: true }))).toBe('no-entry');
  expect(await codeOf(box.root.openAt({}, 'file', {}, { read: true }))).toBe('ok');
});

test('more live handles than the limit are a fault that leaves nothing open', async () => {
  await using box = await sandbox({ limits: { handles: 3 }, prepare: files });
  using one = await box.root.openAt({}, 'file', {}, { read: true });
  using two = await box.root.openAt({}, 'file', {}, { read: true });
  await expect(box.root.openAt({}, 'file', {}, { read: true })).rejects.toMatchObject({
    code: 'limit-exceeded',
  });
  await expect(box.root.readDirectory()).rejects.toMatchObject({ code: 'limit-exceeded' });
  expect(one.isSameObject(two)).toBe(true);
  expect(() => two.readViaStream(0n)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  await closed(box.host, 3);
});

test('lengths are clamped: memory follows the file and limits.copy, not the asked size', async () => {
  await using box = await sandbox({ limits: { copy: 4096 }, prepare: files });
  using file = await box.root.openAt({}, 'file', {}, { read: true, write: true });
  const [first, end] = await file.read(2n ** 40n, 0n);
  expect([first.length, end]).toEqual([4096, false]);
  const [rest, atEnd] = await file.read(2n ** 64n - 1n, 4096n);
  expect([rest.buffer.byteLength, atEnd]).toEqual([904, true]);
  expect(await file.read(10n, 2n ** 64n - 1n)).toEqual([new Uint8Array(0), true]);
  expect(await file.write(new Uint8Array(100_000), 0n)).toBe(4096n);
  expect(await codeOf(file.write(new Uint8Array(1), 2n ** 63n))).toBe('file-too-large');
});

test('a guest that looks up and looks up lets timers and other guests have their turn', async () => {
  await using box = await sandbox({ prepare: files });
  const timer = { fired: false };
  setTimeout(() => {
    timer.fired = true;
  }, 1);
  for (let calls = 0; calls < 20_000 && !timer.fired; calls += 1) await box.root.statAt({}, 'file');
  expect(timer.fired).toBe(true);
});

test('a loop of look-ups is ended with its instance', async () => {
  await using box = await sandbox({ prepare: files });
  setImmediate(() => box.instance.end());
  const loop = async () => {
    for (let calls = 0; calls < 20_000; calls += 1) await box.root.statAt({}, 'file');
  };
  await expect(loop()).rejects.toThrow('the instance has ended');
});
