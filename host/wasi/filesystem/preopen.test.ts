import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openPreopen, PreopenError } from './preopen.ts';
import { openBelow, sandbox } from './sandbox.ts';

const quota = { bytes: 1000, files: 10 };

/** The code with which `hostPath` is refused. */
async function refused(hostPath: string, platform?: NodeJS.Platform): Promise<string> {
  const options = {
    hostPath,
    guestPath: '/x',
    writable: true,
    quota,
    ...(platform === undefined ? {} : { platform }),
  };
  const thrown: unknown = await openPreopen(options).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof PreopenError))
    throw new Error(`not refused: ${hostPath}`, { cause: thrown });
  expect(thrown.fix).toBeTruthy();
  return thrown.code;
}

test('what cannot be confined or is no directory is refused, with a way out', async () => {
  await using box = await sandbox();
  expect(await refused(box.inside, 'darwin')).toBe('preopen-unsupported');
  expect(await refused(path.join(box.host, 'missing'))).toBe('preopen-not-found');
  expect(await refused(path.join(box.host, 'secret'))).toBe('preopen-not-directory');
  expect(await refused('/proc/self')).toBe('preopen-refused');
  expect(await refused('/sys')).toBe('preopen-refused');
  expect(openBelow(box.host)).toEqual([box.inside]);
});

test('it stays open until the last instance lets go, and counts no more entries than its quota', async () => {
  await using box = await sandbox();
  for (let index = 0; index < 50; index += 1)
    fs.writeFileSync(path.join(box.inside, `f${index}`), 'x');
  const preopen = await openPreopen({
    hostPath: box.inside,
    guestPath: '/x',
    writable: true,
    quota,
  });
  expect(preopen.quota.used.files).toBe(11);
  preopen.root.retain();
  preopen[Symbol.dispose]();
  preopen[Symbol.dispose]();
  expect(openBelow(box.host)).toHaveLength(2);
  preopen.root.release();
  expect(openBelow(box.host)).toHaveLength(1);
});
