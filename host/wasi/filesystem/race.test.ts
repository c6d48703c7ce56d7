import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { WasiError } from '../errors.ts';
import { errnoOf } from './errno.ts';
import { PathEscape } from './path.ts';
import { closed, codeOf, openBelow, sandbox, SECRET } from './sandbox.ts';
import { baseOf, type DescriptorState } from './state.ts';
import { deferredLookups } from './syscalls.ts';
import { walk } from './walk.ts';

/** Resolutions against the swapping thread; a million takes about a minute and a half. */
const OPENS = Number(process.env['SELVEDGE_RACE_OPENS'] ?? 100_000);

/** Renames a directory and a symlink that leads out to the same name, as fast as a thread can. */
const swapper = `
  const fs = require('node:fs');
  const { workerData, parentPort } = require('node:worker_threads');
  const { inside, names } = workerData;
  parentPort.postMessage('ready');
  for (;;) {
    for (const name of names) {
      const at = inside + '/' + name;
      for (const variant of ['-real', '-link']) {
        fs.renameSync(at + variant, at);
        fs.renameSync(at, at + variant);
      }
    }
  }
`;

function tree(host: string, inside: string): void {
  fs.mkdirSync(path.join(host, 'outside'));
  fs.writeFileSync(path.join(host, 'outside/file'), SECRET);
  fs.mkdirSync(path.join(inside, 'dir-real'));
  fs.writeFileSync(path.join(inside, 'dir-real/file'), 'inside');
  fs.symlinkSync('../outside', path.join(inside, 'dir-link'));
  fs.writeFileSync(path.join(inside, 'leaf-real'), 'inside');
  fs.symlinkSync('../secret', path.join(inside, 'leaf-link'));
}

async function swapping(inside: string): Promise<AsyncDisposable> {
  const worker = new Worker(swapper, {
    eval: true,
    workerData: { inside, names: ['dir', 'leaf'] },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
  return { [Symbol.asyncDispose]: async () => void (await worker.terminate()) };
}

const PATHS = ['dir/file', 'leaf', 'dir/../dir/file', 'dir/'];

async function raceWalks(state: DescriptorState, host: string, opens: number) {
  const forbidden = new Set(
    ['outside', 'outside/file', 'secret'].map(
      (name) => fs.statSync(path.join(host, name), { bigint: true }).ino,
    ),
  );
  const seen = { inside: 0, refused: 0, missing: 0, escaped: 0 };
  const base = baseOf(state);
  for (let count = 0; count < opens; count += 1) {
    try {
      using target = await walk(base, PATHS[count % PATHS.length]!, 'follow');
      if (target.stat === undefined) seen.missing += 1;
      else if (forbidden.has(target.stat.ino)) seen.escaped += 1;
      else seen.inside += 1;
    } catch (thrown) {
      if (thrown instanceof PathEscape) seen.refused += 1;
      else if (thrown instanceof WasiError || errnoOf(thrown) === 'ENOENT') seen.missing += 1;
      else throw thrown;
    }
  }
  return seen;
}

test(
  `a directory swapped for a symlink during ${OPENS} resolutions never lets one out`,
  { timeout: 600_000 },
  async () => {
    await using box = await sandbox({ prepare: tree });
    await using swaps = await swapping(box.inside);
    expect(swaps).toBeDefined();
    const seen = await raceWalks(box.root.state, box.host, OPENS);
    expect(seen.escaped).toBe(0);
    // Without both outcomes nothing was raced.
    expect(seen.inside).toBeGreaterThan(OPENS / 1000);
    expect(seen.refused).toBeGreaterThan(OPENS / 1000);
    expect(openBelow(box.host)).toEqual([box.inside]);
  },
);

test('the same with look-ups in other threads', { timeout: 60_000 }, async () => {
  await using box = await sandbox({ prepare: tree });
  await using swaps = await swapping(box.inside);
  expect(swaps).toBeDefined();
  const { state } = box.root;
  const deferred = Object.create(state.preopen, { lookups: { value: deferredLookups } });
  const seen = await raceWalks({ ...state, preopen: deferred }, box.host, 4000);
  expect(seen.escaped).toBe(0);
  expect(seen.inside).toBeGreaterThan(10);
  expect(seen.refused).toBeGreaterThan(10);
  expect(openBelow(box.host)).toEqual([box.inside]);
});

test(
  'files opened, created and removed against the swapping thread are those inside',
  { timeout: 60_000 },
  async () => {
    await using box = await sandbox({ prepare: tree });
    const seen = new Set<string>();
    {
      await using swaps = await swapping(box.inside);
      expect(swaps).toBeDefined();
      for (let count = 0; count < 3000; count += 1) {
        try {
          using file = await box.root.openAt(
            { symlinkFollow: true },
            PATHS[count % 2]!,
            {},
            { read: true },
          );
          seen.add(new TextDecoder().decode((await file.read(100n, 0n))[0]));
        } catch (thrown) {
          if (!(thrown instanceof WasiError)) throw thrown;
        }
        if (count % 3 === 0)
          await codeOf(
            box.root
              .openAt({ symlinkFollow: true }, 'dir/created', { create: true }, { write: true })
              .then((file) => file[Symbol.dispose]()),
          );
        if (count % 3 === 1) await codeOf(box.root.unlinkFileAt('dir/file-2'));
        if (count % 3 === 2) await codeOf(box.root.createDirectoryAt('dir/made'));
      }
    }
    expect([...seen]).toEqual(['inside']);
    expect(fs.readdirSync(path.join(box.host, 'outside'))).toEqual(['file']);
    await closed(box.host, 1);
  },
);
