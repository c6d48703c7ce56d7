import { mkdtemp, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultLimits } from '../config/index.ts';
import type { Capability } from './capability.ts';
import { granted } from './capability.ts';
import { GrantError } from './errors.ts';
import { link, linkAll } from './linker.ts';
import { environment, httpGrant, instanceContext, noGrants } from './testing.ts';

type Interface = Record<string, unknown>;

test('without grants what needs one is not there', async () => {
  await using linker = await linkAll(noGrants, defaultLimits(), environment);
  const imports = linker.instantiate(instanceContext()) as Record<string, Interface | undefined>;
  for (const name of [
    'wasi:random/random',
    'wasi:random/insecure',
    'wasi:random/insecure-seed',
    'wasi:clocks/wall-clock',
    'wasi:http/outgoing-handler',
  ]) {
    expect(imports[name]).toBeUndefined();
  }
  expect(Object.keys(imports['wasi:io/poll'] ?? {})).toEqual(['Pollable']);
});

test('a pollable without the grant still is one to the binder, but cannot be waited for', async () => {
  await using linker = await linkAll(noGrants, defaultLimits(), environment);
  const imports = linker.instantiate(instanceContext());
  const { Pollable } = imports['wasi:io/poll'] as {
    Pollable: { prototype: object } & (new () => Disposable);
  };
  const clock = imports['wasi:clocks/monotonic-clock'] as {
    subscribeDuration(ns: bigint): Disposable;
  };
  const pollable = clock.subscribeDuration(1n);
  expect(pollable).toBeInstanceOf(Pollable);
  expect('block' in Pollable.prototype).toBe(false);
  expect('ready' in Pollable.prototype).toBe(false);
  expect(Symbol.dispose in Pollable.prototype).toBe(true);
  pollable[Symbol.dispose]();
});

test('the environment holds the granted variables and nothing of the host', async () => {
  await using linker = await linkAll(
    { ...noGrants, env: { SITE: 'north' } },
    defaultLimits(),
    environment,
  );
  const cli = linker.instantiate(instanceContext())['wasi:cli/environment'] as Record<
    string,
    () => unknown
  >;
  expect([cli['getEnvironment']?.(), cli['getArguments']?.(), cli['initialCwd']?.()]).toEqual([
    [['SITE', 'north']],
    [],
    undefined,
  ]);
});

test('random bytes come from the source of the host', async () => {
  const source = { ...environment, random: (bytes: Uint8Array) => void bytes.fill(7) };
  await using linker = await linkAll({ ...noGrants, random: true }, defaultLimits(), source);
  const random = linker.instantiate(instanceContext())['wasi:random/random'] as {
    getRandomBytes(length: bigint): Uint8Array;
  };
  expect([...random.getRandomBytes(3n)]).toEqual([7, 7, 7]);
});

describe('directories', () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const grant = (host: string, guest: string) => ({
    host,
    guest,
    mode: 'ro' as const,
    quota: 0,
    files: 0,
  });

  test('are opened once per version, and closed with it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'selvedge-'));
    const before = descriptors();
    const linker = await linkAll(
      { ...noGrants, dirs: [grant(directory, '/data')] },
      defaultLimits(),
      environment,
    );
    const opened = descriptors();
    expect(opened).toBeGreaterThan(before);
    for (let at = 0; at < 3; at++) {
      const context = instanceContext();
      const preopens = linker.instantiate(context)['wasi:filesystem/preopens'] as {
        getDirectories(): [unknown, string][];
      };
      expect(preopens.getDirectories().map(([, path]) => path)).toEqual(['/data']);
      context.instance.end();
    }
    expect(descriptors()).toBe(opened);
    await linker[Symbol.asyncDispose]();
    expect(descriptors()).toBe(before);
    await rm(directory, { recursive: true });
  });

  test('that are not there fail the configuration, and what was opened is closed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'selvedge-'));
    const before = descriptors();
    const dirs = [grant(directory, '/data'), grant(join(directory, 'missing'), '/missing')];
    await expect(linkAll({ ...noGrants, dirs }, defaultLimits(), environment)).rejects.toSatisfy(
      (error) =>
        error instanceof GrantError &&
        error.message.includes('/missing') &&
        error.fix !== undefined,
    );
    expect(descriptors()).toBe(before);
    await rm(directory, { recursive: true });
  });
});

test('a refused request is HTTP-request-denied to the guest and one denial with its fix to the host', async () => {
  await using linker = await linkAll(
    { ...noGrants, http: [httpGrant('https://a.example')] },
    defaultLimits(),
    environment,
  );
  const denials: { capability: string; what: string; fix: string }[] = [];
  const imports = linker.instantiate(instanceContext(denials)) as Record<string, any>;
  const { Fields, OutgoingRequest } = imports['wasi:http/types'];
  const request = new OutgoingRequest(new Fields());
  request.setScheme({ tag: 'HTTPS' });
  request.setAuthority('b.example');
  const future = imports['wasi:http/outgoing-handler'].handle(request, undefined);
  await future.subscribe().block();
  expect(future.get()).toEqual({
    tag: 'ok',
    val: { tag: 'err', val: { tag: 'HTTP-request-denied' } },
  });
  expect(denials).toEqual([
    {
      capability: 'http',
      what: 'a request to https://b.example',
      fix: 'add http = ["https://b.example"] to the function\'s grants, or run with --allow-http https://b.example',
    },
  ]);
});

describe('link', () => {
  const held = (name: string, log: string[], broken = false): Capability<object> => ({
    name,
    links: [
      {
        interface: `test:${name}/x`,
        version: '1.0.0',
        functions: granted('go'),
        grant: { line: '', flag: '' },
      },
    ],
    blocking: [],
    granted: () => true,
    configure: async () => {
      if (broken) throw new GrantError({ code: 'broken', status: 422, message: 'broken' });
      log.push(`open ${name}`);
      return { [Symbol.dispose]: () => void log.push(`close ${name}`) };
    },
    prepare: () => ({ [`test:${name}/x`]: { go: () => name } }),
  });

  test('disposes of what was configured, last first', async () => {
    const log: string[] = [];
    const linker = await link(
      [held('a', log), held('b', log)],
      noGrants,
      defaultLimits(),
      environment,
    );
    expect(Object.keys(linker.instantiate(instanceContext()))).toEqual(['test:a/x', 'test:b/x']);
    await linker[Symbol.asyncDispose]();
    expect(log).toEqual(['open a', 'open b', 'close b', 'close a']);
  });

  test('leaves nothing open when one fails', async () => {
    const log: string[] = [];
    await expect(
      link([held('a', log), held('b', log, true)], noGrants, defaultLimits(), environment),
    ).rejects.toThrow('broken');
    expect(log).toEqual(['open a', 'close a']);
  });
});
