import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/index.ts';
import { breakingDisk, openFileStore } from '../store/index.ts';
import { createRegistry, type FunctionVersion, type Registry } from './index.ts';

/** Kills per run; ATTACKS H1 asks for 1,000 now and then. */
const ROUNDS = Number(process.env['SELVEDGE_CRASH_ROUNDS'] ?? 60);
const WRITER = fileURLToPath(new URL('crash-writer.fixture.ts', import.meta.url));

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'registry-'));
});
afterEach(() => rm(directory, { recursive: true }));

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function open(root: string, disk = breakingDisk()) {
  const store = await openFileStore({
    directory: root,
    clock: systemClock(),
    report: () => undefined,
    disk,
  });
  const registry = await createRegistry({ ...store, clock: systemClock(), logger: silent });
  return { store, registry, disk };
}

interface Seen {
  readonly active: number | null;
  readonly versions: readonly FunctionVersion[];
}

/** What the writer says. */
type Line = { readonly begin: string; readonly name: string } | (Seen & { readonly done: string });

function see(registry: Registry, name: string): Seen {
  const entry = registry.get(name);
  return entry === undefined
    ? { active: null, versions: [] }
    : { active: entry.active?.version ?? null, versions: [...registry.versions(name)] };
}

/** Everything that is there is whole, and nothing is there that nobody needs. */
async function expectWhole(
  root: string,
  registry: Registry,
  artifacts: { list(): Promise<{ sha256: string }[]> },
) {
  const used = new Set<string>();
  for (const { name, status, problem } of registry.list()) {
    expect({ name, status, problem }).toEqual({ name, status: 'active', problem: undefined });
    expect(registry.damaged(name)).toEqual([]);
    for (const { sha256, size } of registry.versions(name)) {
      used.add(sha256);
      expect(await registry.artifact(sha256)).toHaveLength(size);
    }
  }
  expect((await artifacts.list()).map(({ sha256 }) => sha256)).toEqual([...used].toSorted());
  expect(await readdir(join(root, 'staging'))).toEqual([]);
}

describe('a process killed at any moment', () => {
  test(
    `leaves the old or the new state, whole, and loses nothing acknowledged (${ROUNDS} kills)`,
    { timeout: 20_000 + ROUNDS * 1000 },
    async () => {
      // Most of the time is the start of a process: one that may end leaves its compiled code to those that may not.
      await once(spawnWriter(join(directory, 'warm'), 1, 0), 'close');
      const lanes = [0, 1, 2].map((lane) => killAgainAndAgain(join(directory, String(lane)), lane));
      // All end before the test does, so that none writes to a directory that is being removed.
      await Promise.allSettled(lanes);
      const kills = (await Promise.all(lanes)).flat();
      expect(kills).toHaveLength(Math.ceil(ROUNDS / 3) * 3);
      // Otherwise the test killed only what had not begun or nothing that was under way.
      expect(kills.some(({ acknowledged }) => acknowledged > 0)).toBe(true);
      expect(kills.some(({ underWay }) => underWay)).toBe(true);
    },
  );
});

async function killAgainAndAgain(root: string, lane: number) {
  const kills: { acknowledged: number; underWay: boolean }[] = [];
  let before = new Map<string, Seen>();
  for (let round = 0; round < Math.ceil(ROUNDS / 3); round++) {
    const seed = 1 + lane * 100_003 + round * 7919;
    const lines = await writeUntilKilled(root, seed);
    const { store, registry } = await open(root);
    try {
      await expectWhole(root, registry, store.artifacts);
      const last = lines.at(-1);
      const begun = last !== undefined && 'begin' in last ? last : undefined;
      const acknowledged = new Map(before);
      for (const line of lines) if ('done' in line) acknowledged.set(line.done, line);
      const after = new Map<string, Seen>();
      for (const name of ['a', 'b', 'c']) {
        const { active, versions } = acknowledged.get(name) ?? { active: null, versions: [] };
        const old = { active, versions };
        const now = see(registry, name);
        after.set(name, now);
        const kind = begun?.name === name ? begun.begin : undefined;
        const whole =
          isDeepStrictEqual(now, old) || (kind !== undefined && isOneStep(kind, old, now));
        expect({ seed, name, kind, old, now, whole }).toMatchObject({ whole: true });
      }
      before = after;
      kills.push({
        acknowledged: lines.filter((line) => 'done' in line).length,
        underWay: begun !== undefined,
      });
    } finally {
      await store.close();
    }
  }
  return kills;
}

/** Whether the change that was under way happened as a whole. */
function isOneStep(kind: string, old: Seen, now: Seen): boolean {
  if (kind === 'remove') return now.active === null && now.versions.length === 0;
  if (kind === 'publish') {
    const added = now.versions.at(-1)?.version;
    return (
      isDeepStrictEqual(now.versions.slice(0, -1), old.versions) &&
      added === (old.versions.at(-1)?.version ?? 0) + 1 &&
      now.active === added
    );
  }
  return (
    isDeepStrictEqual(now.versions, old.versions) &&
    now.versions.some(({ version }) => version === now.active)
  );
}

function spawnWriter(root: string, seed: number, steps = Infinity) {
  return spawn(process.execPath, ['--no-warnings', WRITER, root, String(seed), String(steps)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') },
  });
}

/** Lets the writer make some changes, kills it at an instant that depends on the seed, and gives what it said. */
async function writeUntilKilled(root: string, seed: number): Promise<Line[]> {
  const child = spawnWriter(root, seed);
  let said = '';
  let armed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (armed) return;
    armed = true;
    setTimeout(() => child.kill('SIGKILL'), (seed % 31) + (seed % 7) / 7);
  });
  const [code, signal] = await once(child, 'close');
  // Anything else: the writer ended by itself.
  expect({ seed, code, signal }).toEqual({ seed, code: null, signal: 'SIGKILL' });
  // The last line may be cut.
  return said
    .split('\n')
    .slice(0, -1)
    .map((line): Line => JSON.parse(line));
}

describe('a disk that stops after any step of a change', () => {
  const CHANGES: Record<
    string,
    (registry: Registry, publish: (text: string) => Promise<unknown>) => Promise<unknown>
  > = {
    'a first publish': (_, publish) => publish('first of g'),
    'a publish': (_, publish) => publish('three'),
    'a publish of a module that is there': (_, publish) => publish('one'),
    'an activation': (registry) => registry.activate('f', 1),
    'a rollback': (registry) => registry.rollback('f'),
    'a deactivation': (registry) => registry.deactivate('f'),
    'a removal': (registry) => registry.remove('f'),
  };

  test.each(Object.entries(CHANGES))(
    '%s: the next start finds the old or the new state',
    async (title, change) => {
      const name = title === 'a first publish' ? 'g' : 'f';
      const outcomes = new Set<string>();
      for (let steps = 0, failed = true; failed; steps++) {
        const root = join(directory, String(steps));
        const { store, registry, disk } = await open(root);
        const publish = async (to: string, text: string) => {
          const source = (async function* () {
            yield Buffer.from(text);
          })();
          const staged = await store.artifacts.stage(source, { maxBytes: 1000 });
          return registry.publish(
            to,
            staged,
            { lane: 'l', binder: 'b', config: {}, origin: 'upload', warnings: [] },
            { activate: true },
          );
        };
        for (const text of ['one', 'two']) await publish('f', text);
        const old = see(registry, name);
        disk.stopAfter(steps);
        failed = await change(registry, (text) => publish(name, text)).then(
          () => false,
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'storage-failed', status: 503 });
            return true;
          },
        );
        const remembered = see(registry, name);
        await store.close();

        const again = await open(root);
        const found = see(again.registry, name);
        if (failed) outcomes.add(isDeepStrictEqual(found, old) ? 'old' : 'new');
        expect(found).toEqual(failed ? found : remembered);
        const used = new Set(
          again.registry
            .list()
            .flatMap((entry) => again.registry.versions(entry.name).map(({ sha256 }) => sha256)),
        );
        expect((await again.store.artifacts.list()).map(({ sha256 }) => sha256)).toEqual(
          [...used].toSorted(),
        );
        for (const sha256 of used) await again.registry.artifact(sha256);
        expect(
          again.registry
            .list()
            .map(({ problem }) => problem)
            .filter(Boolean),
        ).toEqual([]);
        expect(await readdir(join(root, 'staging'))).toEqual([]);
        await again.store.close();
      }
      // Both are seen: a failure before the rename of the pointer leaves the old, one after it the new.
      expect([...outcomes].toSorted()).toEqual(['new', 'old']);
    },
  );

  test('a change that happened although its write failed is remembered as a restart would find it, and told', async () => {
    const { store, registry, disk } = await open(directory);
    const publish = async (text: string) => {
      const source = (async function* () {
        yield Buffer.from(text);
      })();
      const staged = await store.artifacts.stage(source, { maxBytes: 1000 });
      return registry.publish(
        'f',
        staged,
        { lane: 'l', binder: 'b', config: {}, origin: 'upload', warnings: [] },
        { activate: true },
      );
    };
    await publish('one');
    const told: string[] = [];
    registry.subscribe(({ kind, before, after }) =>
      told.push(`${kind} ${before?.version} ${after?.version}`),
    );
    // The directory of the pointer, after its rename.
    disk.failWrites('EIO', /^sync .*functions.f$/);
    await expect(publish('two')).rejects.toMatchObject({ code: 'storage-failed' });
    disk.failWrites(undefined);
    expect(see(registry, 'f')).toMatchObject({
      active: 2,
      versions: [{ version: 1 }, { version: 2 }],
    });
    expect(told).toEqual(['activated 1 2']);
    const remembered = see(registry, 'f');
    await store.close();
    const again = await open(directory);
    expect(see(again.registry, 'f')).toEqual(remembered);
    await again.store.close();
  });

  test('a full disk refuses with 507, the old version goes on, and publishing works again when there is room', async () => {
    const { store, registry, disk } = await open(directory);
    const stage = (text: string) =>
      store.artifacts.stage(
        (async function* () {
          yield Buffer.from(text);
        })(),
        { maxBytes: 1000 },
      );
    const facts = { lane: 'l', binder: 'b', config: {}, origin: 'upload', warnings: [] } as const;
    await registry.publish('f', await stage('old'), facts, { activate: true });
    const staged = await stage('new');
    disk.failWrites('ENOSPC');
    await expect(registry.publish('f', staged, facts, { activate: true })).rejects.toMatchObject({
      code: 'storage-full',
      status: 507,
    });
    expect(registry.get('f')).toMatchObject({ status: 'active', active: { version: 1 } });
    disk.failWrites(undefined);
    const { version } = await registry.publish('f', await stage('new'), facts, { activate: true });
    expect(version.version).toBe(2);
    await store.close();
  });
});
