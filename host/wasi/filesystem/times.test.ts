import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, sandbox } from './sandbox.ts';
import type { NewTimestamp } from './times.ts';

const KEEP: NewTimestamp = { tag: 'no-change' };
const at = (seconds: bigint, nanoseconds = 0): NewTimestamp => ({
  tag: 'timestamp',
  val: { seconds, nanoseconds },
});

function files(_host: string, inside: string): void {
  fs.writeFileSync(path.join(inside, 'file'), 'x');
  fs.symlinkSync('file', path.join(inside, 'link'));
}

test('times are set, kept to the nanosecond when not, and "now" is the clock\'s', async () => {
  await using box = await sandbox({ prepare: files });
  using file = await box.root.openAt({}, 'file', {}, { read: true });
  const before = await file.stat();
  await file.setTimes(at(1_700_000_000n, 500_000_000), KEEP);
  const after = await file.stat();
  expect(after.dataAccessTimestamp).toEqual({ seconds: 1_700_000_000n, nanoseconds: 500_000_000 });
  expect(after.dataModificationTimestamp).toEqual(before.dataModificationTimestamp);
  await file.setTimes(KEEP, at(0n));
  expect((await file.stat()).dataModificationTimestamp).toEqual({ seconds: 0n, nanoseconds: 0 });
  await box.root.setTimesAt({}, 'file', { tag: 'now' }, { tag: 'now' });
  const now = (await file.stat()).dataModificationTimestamp?.seconds ?? 0n;
  const clock = box.instance.clock.wall() / 1_000_000_000n;
  expect(clock - now).toBeLessThan(60n);
});

test("a symlink's own times are set when it is not followed", async () => {
  await using box = await sandbox({ prepare: files });
  await box.root.setTimesAt({}, 'link', at(1000n), at(1000n));
  await box.root.setTimesAt({ symlinkFollow: true }, 'link', at(2000n), at(2000n));
  expect((await box.root.statAt({}, 'link')).dataModificationTimestamp?.seconds).toBe(1000n);
  expect(
    (await box.root.statAt({ symlinkFollow: true }, 'link')).dataModificationTimestamp?.seconds,
  ).toBe(2000n);
  await box.root.setTimesAt({}, '.', at(3000n), at(3000n));
  expect((await box.root.stat()).dataModificationTimestamp?.seconds).toBe(3000n);
});

test.each([
  [2n ** 64n - 1n, 0, 'overflow'],
  [2n ** 63n, 0, 'overflow'],
  [253_402_300_800n, 0, 'overflow'],
  [8_640_000_000_001n, 0, 'overflow'],
  [1n, 1_000_000_000, 'invalid'],
  [1n, 4_294_967_295, 'invalid'],
  [253_402_300_799n, 999_999_999, 'ok'],
])('a timestamp of %d s and %d ns: %s', async (seconds, nanoseconds, code) => {
  await using box = await sandbox({ prepare: files });
  expect(await codeOf(box.root.setTimesAt({}, 'file', at(seconds, nanoseconds), KEEP))).toBe(code);
  expect(await codeOf(box.root.statAt({}, 'file'))).toBe('ok');
});

test('a file older than 1970 can be looked at', async () => {
  await using box = await sandbox({ prepare: files });
  fs.utimesSync(path.join(box.inside, 'file'), new Date('1960-01-01'), new Date('1960-01-01'));
  const stat = await box.root.statAt({}, 'file');
  expect([stat.dataModificationTimestamp, stat.size, stat.type]).toEqual([
    undefined,
    1n,
    'regular-file',
  ]);
});
