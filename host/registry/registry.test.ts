import { describe, expect, test } from 'vitest';
import { systemClock } from '../base/index.ts';
import { createMemoryStore, type Store } from '../store/index.ts';
import {
  createRegistry,
  type FunctionVersion,
  type Registry,
  type RegistryChange,
  type VersionFacts,
} from './index.ts';

const FACTS: VersionFacts = {
  lane: 'http-0.2',
  binder: 'jco',
  config: { grants: { env: { A: '1' }, poll: true } },
  origin: 'upload',
  warnings: [],
};
const ACTIVATE = { activate: true };

async function setUp(store: Store = createMemoryStore()) {
  const changes: string[] = [];
  const logged: string[] = [];
  const log = (fields: object, message: string) =>
    void logged.push(`${message} ${JSON.stringify(fields)}`);
  const registry = await createRegistry({
    ...store,
    clock: systemClock(),
    logger: { info: () => undefined, warn: log, error: log },
  });
  registry.subscribe(({ kind, name, before, after }) =>
    changes.push(`${kind} ${name} ${before?.version ?? '-'}>${after?.version ?? '-'}`),
  );
  const publish = async (
    name: string,
    text: string,
    facts: Partial<VersionFacts> = {},
    options = ACTIVATE,
  ) => registry.publish(name, await stage(store, text), { ...FACTS, ...facts }, options);
  return { store, registry, changes, logged, publish };
}

function stage(store: Store, text: string) {
  return store.artifacts.stage(
    (async function* () {
      yield Buffer.from(text);
    })(),
    { maxBytes: 1e6 },
  );
}

const active = (registry: Registry, name: string) => registry.get(name)?.active?.version;
const numbers = (versions: readonly FunctionVersion[]) => versions.map(({ version }) => version);
const bytes = async (registry: Registry, version: FunctionVersion) =>
  Buffer.from(await registry.artifact(version.sha256)).toString();

describe('publishing', () => {
  test('gives 1, 2, 3…, activates, keeps the older ones, and a restart finds the same', async () => {
    const { store, registry, publish, changes } = await setUp();
    const first = await publish('hello', 'one');
    expect(first).toMatchObject({
      outcome: 'published',
      active: true,
      version: { name: 'hello', version: 1, size: 3, ...FACTS },
    });
    await publish('hello', 'two', { warnings: ['careful'] });
    expect(active(registry, 'hello')).toBe(2);
    expect(await bytes(registry, registry.version('hello', 1))).toBe('one');
    expect(await bytes(registry, registry.version('hello', 2))).toBe('two');
    expect(changes).toEqual(['published hello ->1', 'published hello 1>2']);
    const again = await setUp(store);
    expect(again.registry.list()).toEqual(registry.list());
    expect(again.registry.versions('hello')).toEqual(registry.versions('hello'));
    expect((await again.publish('hello', 'three')).version.version).toBe(3);
  });

  test('without activation the older version goes on', async () => {
    const { registry, publish, changes } = await setUp();
    await publish('a', 'one', {}, { activate: false });
    expect(registry.get('a')).toMatchObject({ status: 'inactive', active: undefined });
    await publish('a', 'two');
    await publish('a', 'three', {}, { activate: false });
    expect(active(registry, 'a')).toBe(2);
    expect(changes).toEqual(['published a ->-', 'published a ->2', 'published a 2>2']);
  });

  test('of 100 at once for one name, none is lost, and they are numbered in the order of their calls', async () => {
    const { store, registry, publish } = await setUp();
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        publish('race', `module ${n % 7}`, { config: { env: { N: String(n) } } }),
      ),
    );
    expect(results.map(({ version }) => version.version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    expect(numbers(registry.versions('race'))).toEqual(
      Array.from({ length: 100 }, (_, n) => n + 1),
    );
    expect(active(registry, 'race')).toBe(100);
    for (const { version } of results)
      expect(registry.version('race', version.version)).toBe(version);
    expect(await store.artifacts.list()).toHaveLength(7);
  });

  test('the manifest asking for what is active changes nothing; anything different, or an upload, is a new version', async () => {
    const { store, publish, changes } = await setUp();
    const manifest = { origin: 'manifest', config: { a: 1, b: { c: 2, d: [1, 2] } } } as const;
    await publish('m', 'x', manifest);
    const same = await publish('m', 'x', { ...manifest, config: { b: { d: [1, 2], c: 2 }, a: 1 } });
    expect(same).toMatchObject({ outcome: 'unchanged', active: true, version: { version: 1 } });
    expect(changes).toHaveLength(1);
    expect(
      (await publish('m', 'x', { ...manifest, config: { a: 1, b: { c: 2, d: [2, 1] } } })).version
        .version,
    ).toBe(2);
    expect(
      (await publish('m', 'y', { ...manifest, config: { a: 1, b: { c: 2, d: [2, 1] } } })).version
        .version,
    ).toBe(3);
    expect(
      (await publish('m', 'y', { config: { a: 1, b: { c: 2, d: [2, 1] } } })).version.version,
    ).toBe(4);
    expect(
      (
        await publish('m', 'y', {
          ...manifest,
          binder: 'direct',
          config: { a: 1, b: { c: 2, d: [2, 1] } },
        })
      ).version.version,
    ).toBe(5);
    expect(await store.artifacts.list()).toHaveLength(2);
  });

  test.each([
    '',
    '../x',
    'con',
    'com1',
    'A',
    'a.',
    'a'.repeat(64),
    '-a',
    'a-',
    'a/b',
    'a_b',
    '__proto__',
    'ü',
    'a\n',
    'x'.repeat(10_000),
  ])('refuses the name %j, and ends the staging', async (name) => {
    const { store, registry } = await setUp();
    const staged = await stage(store, 'x');
    await expect(registry.publish(name, staged, FACTS, ACTIVATE)).rejects.toMatchObject({
      code: 'name-invalid',
      status: 400,
      fix: expect.any(String),
    });
    await expect(staged.read()).rejects.toMatchObject({ code: 'staged-artifact-gone' });
    expect(registry.list()).toEqual([]);
  });

  test('names that objects have by birth are ordinary', async () => {
    const { registry, publish } = await setUp();
    expect(registry.get('constructor')).toBeUndefined();
    for (const name of ['constructor', 'then', 'a'.repeat(63)]) await publish(name, 'x');
    expect(registry.list().map(({ name }) => name)).toEqual([
      'a'.repeat(63),
      'constructor',
      'then',
    ]);
  });

  test('a version cannot be changed by anybody who holds it or what it was made of', async () => {
    const { registry, publish } = await setUp();
    const config = { env: { A: '1' } };
    const { version } = await publish('f', 'x', { config });
    config.env.A = '2';
    expect(registry.version('f', 1).config).toEqual({ env: { A: '1' } });
    expect(() => Object.assign(version.config, { more: 1 })).toThrow(TypeError);
    expect(() => Object.assign(version, { version: 9 })).toThrow(TypeError);
  });

  test('a staging serves one publish only', async () => {
    const { store, registry } = await setUp();
    const staged = await stage(store, 'x');
    await registry.publish('f', staged, FACTS, ACTIVATE);
    await registry.remove('f');
    await expect(registry.publish('f', staged, FACTS, ACTIVATE)).rejects.toMatchObject({
      code: 'artifact-unknown',
    });
    expect(registry.list()).toEqual([]);
  });
});

describe('which version is active', () => {
  test('rollback goes back through what was active, step by step, and says when there is nothing more', async () => {
    const { registry, publish, changes } = await setUp();
    for (const text of ['1', '2', '3']) await publish('f', text);
    await registry.activate('f', 1);
    changes.length = 0;
    expect((await registry.rollback('f')).version).toBe(3);
    expect((await registry.rollback('f')).version).toBe(2);
    expect((await registry.rollback('f')).version).toBe(1);
    await expect(registry.rollback('f')).rejects.toMatchObject({
      code: 'nothing-to-roll-back-to',
      status: 409,
      fix: expect.stringContaining('activate f'),
    });
    expect(active(registry, 'f')).toBe(1);
    expect(changes).toEqual(['rolled-back f 1>3', 'rolled-back f 3>2', 'rolled-back f 2>1']);
    expect((await publish('f', '4')).version.version).toBe(4);
  });

  test('deactivating keeps the versions; rollback brings the last back', async () => {
    const { registry, publish, changes } = await setUp();
    await publish('f', '1');
    await registry.deactivate('f');
    await registry.deactivate('f');
    expect(registry.get('f')).toMatchObject({
      status: 'inactive',
      active: undefined,
      history: [1],
    });
    expect((await registry.rollback('f')).version).toBe(1);
    expect(changes).toEqual(['published f ->1', 'deactivated f 1>-', 'rolled-back f ->1']);
  });

  test('activating what is active changes nothing, unknown functions and versions are 404', async () => {
    const { registry, publish, changes } = await setUp();
    await publish('f', '1');
    await registry.activate('f', 1);
    expect(changes).toHaveLength(1);
    for (const version of [0, 2, -1, 1.5, NaN])
      await expect(registry.activate('f', version)).rejects.toMatchObject({
        code: 'version-unknown',
        status: 404,
      });
    for (const call of [
      () => registry.activate('g', 1),
      () => registry.rollback('g'),
      () => registry.deactivate('g'),
      () => registry.remove('g'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'function-unknown', status: 404 });
    }
    expect(() => registry.versions('g')).toThrow(
      expect.objectContaining({ code: 'function-unknown' }),
    );
  });

  test('the history stays short', async () => {
    const { registry, publish } = await setUp();
    await publish('f', '1');
    await publish('f', '2');
    for (let n = 0; n < 100; n++) await registry.activate('f', (n % 2) + 1);
    expect(registry.get('f')?.history).toHaveLength(64);
  });
});

describe('removing', () => {
  test('takes all versions and the artifacts that no other function uses', async () => {
    const { store, registry, publish, changes } = await setUp();
    await publish('a', 'shared');
    await publish('a', 'own');
    const { version } = await publish('b', 'shared');
    await registry.remove('a');
    expect(registry.get('a')).toBeUndefined();
    expect(await store.records.list('functions/a')).toEqual([]);
    expect(await store.artifacts.list()).toEqual([{ sha256: version.sha256, size: 6 }]);
    expect(changes.at(-1)).toBe('removed a 2>-');
    expect((await publish('a', 'again')).version.version).toBe(1);
  });

  test('publishing the same module while its last user is removed leaves the module', async () => {
    const { registry, publish } = await setUp();
    for (let round = 0; round < 20; round++) {
      await publish('a', 'shared');
      const [, { version }] = await Promise.all([registry.remove('a'), publish('b', 'shared')]);
      expect(await bytes(registry, version)).toBe('shared');
      await registry.remove('b');
    }
  });
});

describe('listeners', () => {
  test('one that throws is logged and stops neither the change nor the others', async () => {
    const { registry, publish, changes, logged } = await setUp();
    const stop = registry.subscribe(() => {
      throw new Error('listener');
    });
    const later: RegistryChange[] = [];
    registry.subscribe((change) => later.push(change));
    await publish('f', '1');
    expect(changes).toHaveLength(1);
    expect(later).toMatchObject([{ kind: 'published', before: undefined, after: { version: 1 } }]);
    expect(logged).toEqual([expect.stringContaining('listener of the registry failed')]);
    stop();
    await publish('f', '2');
    expect(logged).toHaveLength(1);
  });

  test('are told of a change after it can be read', async () => {
    const { registry, publish } = await setUp();
    const seen: unknown[] = [];
    registry.subscribe(({ name }) => seen.push(active(registry, name)));
    await publish('f', '1');
    await publish('f', '2');
    await registry.rollback('f');
    expect(seen).toEqual([1, 2, 1]);
  });
});

describe('damage', () => {
  test('of a pointer quarantines that function only, in sight with the reason; publishing brings it back with new numbers', async () => {
    for (const value of [
      { format: 2 },
      null,
      { format: 1, name: 'g', active: 1, next: 2, history: [], updatedAt: '2026-01-01' },
      { format: 1, name: 'f', active: 7, next: 2, history: [], updatedAt: '2026-01-01' },
    ]) {
      const { store, publish } = await setUp();
      await publish('f', '1');
      await publish('f', '2');
      await publish('g', '1');
      await store.records.put('functions/f/pointer', value);
      const { registry, publish: publishAgain, logged } = await setUp(store);
      expect(registry.list()).toMatchObject([
        {
          name: 'f',
          status: 'quarantined',
          active: undefined,
          problem: { code: 'record-damaged', fix: expect.any(String) },
        },
        { name: 'g', status: 'active', problem: undefined },
      ]);
      expect(logged).toEqual([expect.stringContaining('quarantined')]);
      await expect(registry.rollback('f')).rejects.toMatchObject({ code: 'function-quarantined' });
      await expect(registry.deactivate('f')).rejects.toMatchObject({
        code: 'function-quarantined',
      });
      expect((await publishAgain('f', '3')).version.version).toBe(3);
      expect(registry.get('f')).toMatchObject({ status: 'active', active: { version: 3 } });
      expect(numbers(registry.versions('f'))).toEqual([1, 2, 3]);
    }
  });

  test('of the active version quarantines; another version can be activated, and removing works', async () => {
    const { store, publish } = await setUp();
    for (const text of ['1', '2']) await publish('f', text);
    await store.records.put('functions/f/versions/2', { format: 1, name: 'f', version: 3 });
    const { registry, changes } = await setUp(store);
    expect(registry.get('f')).toMatchObject({
      status: 'quarantined',
      problem: { code: 'record-damaged' },
    });
    expect(registry.damaged('f')).toMatchObject([{ version: 2 }]);
    await expect(registry.activate('f', 2)).rejects.toMatchObject({
      code: 'version-damaged',
      fix: expect.stringContaining('(1)'),
    });
    await registry.activate('f', 1);
    expect(changes).toEqual(['activated f ->1']);
    await registry.remove('f');
    expect(await store.records.list('')).toEqual([]);
  });

  test('of another version leaves the active one alone, and its artifact is not collected', async () => {
    const { store, publish } = await setUp();
    for (const text of ['1', '2']) await publish('f', text);
    await store.records.put('functions/f/versions/1', 'damaged');
    const { registry } = await setUp(store);
    expect(registry.get('f')).toMatchObject({ status: 'active', active: { version: 2 } });
    expect(await store.artifacts.list()).toHaveLength(2);
    await expect(registry.rollback('f')).rejects.toMatchObject({ code: 'version-damaged' });
  });

  test('of an artifact quarantines its functions until the same module is stored again', async () => {
    const { store, publish } = await setUp();
    const { version } = await publish('f', 'module');
    await publish('g', 'other');
    await store.artifacts.delete(version.sha256);
    const { registry, publish: publishAgain, changes } = await setUp(store);
    expect(registry.get('f')).toMatchObject({
      status: 'quarantined',
      problem: { code: 'artifact-damaged' },
    });
    expect(registry.get('g')).toMatchObject({ status: 'active' });
    await publishAgain('h', 'module');
    expect(registry.get('f')).toMatchObject({ status: 'active', active: { version: 1 } });
    expect(changes).toEqual(['recovered f ->1', 'published h ->1']);
    await store.artifacts.delete(version.sha256);
    await expect(registry.artifact(version.sha256)).rejects.toMatchObject({
      code: 'artifact-unknown',
    });
    expect(changes.slice(2)).toEqual(['quarantined f 1>-', 'quarantined h 1>-']);
  });

  test('an artifact nobody ever had is 404 and quarantines nothing', async () => {
    const { registry } = await setUp();
    await expect(registry.artifact('0'.repeat(64))).rejects.toMatchObject({
      code: 'artifact-unknown',
      status: 404,
    });
  });

  test('artifacts and version records that nothing needs are gone after a start', async () => {
    const { store, publish } = await setUp();
    await publish('f', '1');
    await (await stage(store, 'orphan')).commit();
    await store.records.put('functions/f/versions/2', 'of a publish that did not end');
    await store.records.put('functions/gone/versions/1', 'of a removal that did not end');
    const { registry } = await setUp(store);
    expect(await store.artifacts.list()).toHaveLength(1);
    expect(await store.records.list('')).toEqual(['functions/f/pointer', 'functions/f/versions/1']);
    expect(registry.list().map(({ name }) => name)).toEqual(['f']);
  });
});
