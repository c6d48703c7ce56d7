import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/index.ts';
import { readFileSync } from 'node:fs';
import { createRegistry } from '../registry/index.ts';
import type { FunctionRuntime, Runtimes } from '../runtime/index.ts';
import { createMemoryStore, type JsonObject } from '../store/index.ts';
import { silentLogger } from '../telemetry/index.ts';
import { Deployments } from './deployments.ts';
import type { LiveFunction } from './live-function.ts';

const hello = readFileSync(new URL('../../fixtures/hello.wasm', import.meta.url));
const empty = readFileSync(new URL('../../fixtures/empty.wasm', import.meta.url));
const noConfig: JsonObject = {};

/** A host's deployments over memory, whose runtimes run nothing and say when they are disposed of. */
async function open(prepare?: Runtimes['prepare']) {
  const clock = systemClock();
  const store = createMemoryStore();
  const registry = await createRegistry({
    artifacts: store.artifacts,
    records: store.records,
    clock,
    logger: silentLogger,
  });
  const disposed: FunctionRuntime[] = [];
  const fakeRuntime = async (): Promise<FunctionRuntime> => {
    const runtime = {
      binder: 'jco',
      [Symbol.asyncDispose]: async () => void disposed.push(runtime),
    } as unknown as FunctionRuntime;
    return runtime;
  };
  const runtimes: Runtimes = { prepare: prepare ?? fakeRuntime };
  const options = { registry, runtimes, logger: silentLogger, clock, baseDir: import.meta.dirname };
  const deployments = new Deployments(options);
  const stage = (bytes: Uint8Array) =>
    store.artifacts.stage(
      (async function* () {
        yield bytes;
      })(),
      { maxBytes: 2 ** 20 },
    );
  const deploy = async (name: string, config = noConfig, activate = true) =>
    deployments.deploy(name, await stage(hello), config, { origin: 'upload', activate });
  return {
    registry,
    deployments,
    disposed,
    stage,
    deploy,
    restarted: () => new Deployments(options),
  };
}

function served(deployments: Deployments, path = '/fn/hello'): LiveFunction {
  return deployments.match('GET', path).target;
}

describe('deploying', () => {
  it('publishes a version and gives it the requests', async () => {
    const { deployments, deploy } = await open();
    expect(await deploy('hello')).toMatchObject({
      outcome: 'published',
      version: { version: 1, lane: 'http-0.2', binder: 'jco' },
    });
    expect(served(deployments)).toMatchObject({ name: 'hello', version: 1 });
  });

  it('disposes of the version before it, once its requests are over', async () => {
    const { deployments, deploy, disposed } = await open();
    await deploy('hello');
    const first = served(deployments);
    await deploy('hello', { routes: ['/x'] });
    expect(served(deployments).version).toBe(2);
    await expect.poll(() => disposed).toEqual([first.runtime]);
  });

  it('keeps an inactive version away from requests', async () => {
    const { deployments, deploy, disposed } = await open();
    await deploy('hello');
    await deploy('hello', noConfig, false);
    expect(served(deployments).version).toBe(1);
    await expect.poll(() => disposed).toHaveLength(1);
  });

  it.each([
    ['no lane', empty, noConfig, 'no-lane'],
    ['a configuration with an unknown key', hello, { grant: {} }, 'config-invalid'],
  ])('refuses %s, and changes nothing', async (_what, bytes, config: JsonObject, code) => {
    const { deployments, deploy, stage, registry } = await open();
    await deploy('hello');
    const upload = deployments.deploy('hello', await stage(bytes), config, {
      origin: 'upload',
      activate: true,
    });
    await expect(upload).rejects.toMatchObject({ code });
    expect(served(deployments).version).toBe(1);
    expect(registry.versions('hello')).toHaveLength(1);
  });

  it('refuses a route of another function', async () => {
    const { deploy } = await open();
    await deploy('first', { routes: ['/x'] });
    await expect(deploy('second', { routes: ['/x'] })).rejects.toMatchObject({
      code: 'route-conflict',
    });
  });

  it('gives a route to one of two that ask for it at once, and to the next once that has failed', async () => {
    const { deploy, deployments } = await open();
    const outcomes = await Promise.allSettled(
      ['first', 'second'].map((name) => deploy(name, { routes: ['/x'] })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(served(deployments, '/x').name).toBe('first');
    const failing = await open(() => Promise.reject(new Error('cannot be prepared')));
    await expect(failing.deploy('first', { routes: ['/x'] })).rejects.toThrow('cannot be prepared');
    await expect(failing.deploy('second', { routes: ['/x'] })).rejects.toThrow(
      'cannot be prepared',
    );
  });

  it('lets functions that are deployed in one go pass a route on', async () => {
    const { deploy, deployments, stage } = await open();
    await deploy('first', { routes: ['/x'] });
    const beside = new Set(['first', 'second']);
    await deployments.deploy(
      'second',
      await stage(hello),
      { routes: ['/x'] },
      { origin: 'manifest', activate: true, beside },
    );
    await deployments.deploy('first', await stage(hello), noConfig, {
      origin: 'manifest',
      activate: true,
      beside,
    });
    expect(served(deployments, '/x').name).toBe('second');
  });

  it('leaves the newest version serving when many are deployed at once', async () => {
    const { deployments, deploy, disposed, registry } = await open();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => deploy('hello', { routes: [`/x${index}`] })),
    );
    expect(registry.versions('hello')).toHaveLength(20);
    expect(served(deployments).version).toBe(registry.get('hello')?.active?.version);
    await expect.poll(() => disposed).toHaveLength(19);
  });

  it('tells what is kept but not enforced', async () => {
    const { deploy } = await open();
    const { version } = await deploy('hello', { limits: { cpu: '50ms' } });
    expect(version.warnings).toEqual([expect.stringContaining('limits.cpu')]);
  });

  it('inspects without keeping anything', async () => {
    const { deployments, stage, registry, disposed } = await open();
    expect(await deployments.inspect('hello', await stage(hello), noConfig)).toMatchObject({
      lane: 'http-0.2',
      size: hello.length,
    });
    expect(registry.list()).toEqual([]);
    expect(disposed).toHaveLength(1);
  });
});

describe('changing what is active', () => {
  it('activates, rolls back, deactivates and removes', async () => {
    const { deployments, deploy } = await open();
    await deploy('hello');
    await deploy('hello', { isolation: 'instance' });
    await deployments.activate('hello', 1);
    expect(served(deployments).version).toBe(1);
    await deployments.rollback('hello');
    expect(served(deployments).version).toBe(2);
    await deployments.deactivate('hello');
    expect(() => served(deployments)).toThrow(expect.objectContaining({ code: 'not-found' }));
    await deployments.activate('hello', 2);
    await deployments.remove('hello');
    expect(() => served(deployments)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('leaves the active version alone when the other cannot be prepared', async () => {
    let broken = false;
    const { deployments, deploy } = await open(async () => {
      if (broken) throw new Error('no');
      return { binder: 'jco', [Symbol.asyncDispose]: async () => {} } as unknown as FunctionRuntime;
    });
    await deploy('hello');
    await deploy('hello', { isolation: 'instance' });
    broken = true;
    await expect(deployments.activate('hello', 1)).rejects.toThrow('no');
    expect(served(deployments).version).toBe(2);
  });

  it('says what there is to roll back to', async () => {
    const { deployments, deploy } = await open();
    await deploy('hello');
    await expect(deployments.rollback('hello')).rejects.toMatchObject({
      code: 'nothing-to-roll-back-to',
    });
    await expect(deployments.rollback('other')).rejects.toMatchObject({ code: 'function-unknown' });
  });
});

describe('starting', () => {
  it('serves what was active, and answers 503 without details for what cannot be prepared', async () => {
    const opened = await open(async (_code, config) => {
      if (config.isolation === 'instance' && fails) throw new Error('/secret/path is gone');
      return { binder: 'jco', [Symbol.asyncDispose]: async () => {} } as unknown as FunctionRuntime;
    });
    let fails = false;
    await opened.deploy('hello');
    await opened.deploy('broken', { isolation: 'instance', routes: ['/broken'] });
    fails = true;
    const again = opened.restarted();
    await again.start();
    expect(served(again)).toMatchObject({ version: 1 });
    for (const path of ['/broken', '/fn/broken/x']) {
      expect(() => served(again, path)).toThrow(
        expect.objectContaining({
          code: 'function-unavailable',
          status: 503,
          message: expect.not.stringContaining('secret'),
        }),
      );
    }
  });

  it('knows what it serves already', async () => {
    const { deployments, deploy } = await open();
    const { version } = await deploy('hello', { routes: ['/x'] });
    expect(deployments.serves('hello', version.sha256, { routes: ['/x'] })).toBe(true);
    expect(deployments.serves('hello', version.sha256, { routes: ['/y'] })).toBe(false);
    expect(deployments.serves('hello', '0'.repeat(64), { routes: ['/x'] })).toBe(false);
  });
});
