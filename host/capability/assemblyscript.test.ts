import { describe, expect, it } from 'vitest';
import { parseFunctionConfig, type Grants } from '../config/index.ts';
import { GuestFault, type ByteSink } from '../wasi/index.ts';
import {
  checkScriptGrants,
  explainScript,
  scriptHost,
  type ScriptImport,
} from './assemblyscript.ts';
import { linkAll } from './linker.ts';
import { environment, instanceContext } from './testing.ts';

const grantsOf = (grants: object): Grants =>
  parseFunctionConfig({ grants }, { baseDir: '/', origin: 'flags' }).grants;

const func = (name: string, signature: string, module = 'env'): ScriptImport => ({
  module,
  name,
  kind: 'func',
  signature,
});
const seed = func('seed', '>F');
const now = func('Date.now', '>F');

describe('grants', () => {
  it('are not needed for aborting, tracing, logging and the monotonic clock', () => {
    const imports = [
      func('abort', 'iiii>'),
      func('trace', 'iiFFFFF>'),
      func('console.log', 'i>'),
      func('console.assert', 'ii>'),
      func('performance.now', '>F'),
    ];
    expect(checkScriptGrants(imports, grantsOf({}))).toEqual([]);
  });

  it('are asked for with the line that gives them', () => {
    const refusals = checkScriptGrants([seed, now], grantsOf({}));
    expect(refusals.map(({ code, message }) => [code, message])).toEqual([
      [
        'import-not-granted',
        'imports env.seed (of Math.random), which no grant covers: add random = true',
      ],
      [
        'import-not-granted',
        'imports env.Date.now (the time of day), which no grant covers: add clocks = ["wall"]',
      ],
    ]);
    expect(refusals.map((each) => each.fix)).toEqual([
      "add random = true to the function's grants, or run with --random",
      'add clocks = ["wall"] to the function\'s grants, or run with --clock wall',
    ]);
    expect(checkScriptGrants([seed, now], grantsOf({ random: true, clocks: ['wall'] }))).toEqual(
      [],
    );
  });

  it.each([
    ['another module', func('abort', 'iiii>', 'host')],
    ['the Math of JavaScript', func('sin', 'F>F', 'Math')],
    ['what every object has', func('toString', '>i')],
    ['a function of its own', func('charge', 'i>')],
  ])('cannot be had for %s', (_what, each) => {
    expect(checkScriptGrants([each], grantsOf({}))).toEqual([
      expect.objectContaining({ code: 'import-unknown' }),
    ]);
  });

  it.each([func('abort', 'iii>'), { module: 'env', name: 'abort', kind: 'memory' }])(
    'cannot be had for %j',
    (each) => {
      expect(checkScriptGrants([each], grantsOf({}))).toEqual([
        expect.objectContaining({ code: 'import-unsupported' }),
      ]);
    },
  );

  it('are explained', () => {
    const [one, other, third] = explainScript([seed, func('abort', 'iiii>'), func('charge', 'i>')]);
    expect(one?.functions).toEqual([
      { name: 'seed', needs: { line: 'random = true', flag: '--random' } },
    ]);
    expect(other?.functions).toEqual([{ name: 'abort', needs: 'nothing' }]);
    expect(third?.refusal?.code).toBe('import-unknown');
  });
});

function recording(permit = 1000): ByteSink & { readonly text: () => string } {
  const parts: Uint8Array[] = [];
  return {
    isReady: () => true,
    subscribe: () => () => {},
    permit: () => permit,
    write: (bytes) => void parts.push(bytes.slice()),
    flush() {},
    close() {},
    text: () => Buffer.concat(parts).toString(),
  };
}

async function host(grants: object, permit?: number) {
  const [stdout, stderr] = [recording(permit), recording(permit)];
  const config = parseFunctionConfig({ grants }, { baseDir: '/', origin: 'flags' });
  const linker = await linkAll(config.grants, config.limits, environment);
  const context = { ...instanceContext(), stdout, stderr };
  return {
    ...scriptHost(linker.instantiate(context), context),
    instance: context.instance,
    stdout,
    stderr,
    linker,
  };
}

describe('the host of a module', () => {
  it('has neither chance nor the time of day unless they are granted', async () => {
    await using stack = new AsyncDisposableStack();
    const without = await host({});
    stack.use(without.linker);
    expect([without.seed, without.dateNow]).toEqual([undefined, undefined]);
    const { seed: chance, dateNow, linker } = await host({ random: true, clocks: ['wall'] });
    stack.use(linker);
    expect(chance?.()).toBeGreaterThanOrEqual(1);
    expect(chance?.()).toBeLessThan(2);
    const before = Date.now();
    expect(dateNow?.()).toBeGreaterThanOrEqual(before - 1);
    expect(dateNow?.()).toBeLessThanOrEqual(Date.now() + 1);
    expect(Number.isInteger(dateNow?.())).toBe(true);
  });

  it('ends the instance that aborts, and says where, with nothing that drives a terminal', async () => {
    const { abort, instance, linker } = await host({});
    await using _linker = linker;
    expect(() => abort('bad\n"luck"\u202e', 'a/b.ts', 3, 7)).toThrow(GuestFault);
    expect(instance.fault).toMatchObject({
      code: 'guest-aborted',
      status: 500,
      message: String.raw`the guest aborted: bad\n"luck"\u{202e} at a/b.ts:3:7`,
      details: { reason: String.raw`bad\n"luck"\u{202e}`, file: 'a/b.ts', line: 3, column: 7 },
    });
  });

  it('writes traces and warnings to stderr, the rest to stdout', async () => {
    const { trace, console: log, stdout, stderr, linker } = await host({});
    await using _linker = linker;
    trace('here', [1.5, -2]);
    trace('there', []);
    log('warn', 'careful');
    log('info', 'well');
    expect(stderr.text()).toBe('trace: here 1.5, -2\ntrace: there\ncareful\n');
    expect(stdout.text()).toBe('well\n');
  });

  it('drops what there is no room for', async () => {
    const { console: log, stdout, linker } = await host({}, 4);
    await using _linker = linker;
    log('log', 'too much');
    expect(stdout.text()).toBe('too ');
  });
});
