import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { runCli } from '../index.ts';
import { fakeDependencies, HostFake, run, serveFake, TextSinkFake } from '../testing.ts';

/** Serves until the host is up, sends the signal, and gives what came out. */
async function serveAndStop(argv: readonly string[], env: Record<string, string> = {}) {
  const host = new HostFake();
  const { serve, asked, started } = serveFake(host);
  const signals = new EventEmitter();
  const { deps, stdout, stderr } = fakeDependencies({ serve, signals, env });
  const running = runCli(['serve', ...argv], deps);
  await started;
  signals.emit('SIGTERM', 'SIGTERM');
  const code = await running;
  return { code, stdout: stdout.text, stderr: stderr.text, asked: asked[0], host, signals };
}

describe('serve', () => {
  test('--json prints exactly the ready line first', async () => {
    const { code, stdout } = await serveAndStop(['--json']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      '{"event":"ready","edge":"http://127.0.0.1:40001","admin":"http://127.0.0.1:40002"}\n',
    );
  });

  test('for a person it names the addresses, the token, each route, and a line to try', async () => {
    const { stdout } = await serveAndStop([]);
    for (const text of [
      'http://127.0.0.1:40001',
      'http://127.0.0.1:40002',
      '/data/admin-token',
      'hello',
      'POST /hi/*',
      '/fn/hello/*',
      'curl -X POST http://127.0.0.1:40001/hi/',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  test('at a terminal it says what it prepares, before the host is up', async () => {
    const stdout = new TextSinkFake(true);
    const serve = () => Promise.reject(new Error(`so far: ${stdout.text}`));
    const { stderr } = await run(['serve', 'My_App.wasm'], {
      stdout,
      serve,
      env: { NO_COLOR: '1' },
    });
    expect(stderr).toContain('so far: preparing my-app …');
    const json = new TextSinkFake(true);
    await run(['serve', 'My_App.wasm', '--json'], { stdout: json, serve });
    expect(json.text).toBe('');
  });

  test('a signal drains once, and the listeners are taken away', async () => {
    const { host, signals } = await serveAndStop([]);
    expect(host.closes).toBe(1);
    expect(signals.eventNames()).toEqual([]);
  });

  test('a second signal ends the process at once with 128 + its number', async () => {
    const exits: number[] = [];
    const draining = Promise.withResolvers<void>();
    const host = new HostFake();
    host.close = () => draining.promise;
    const { serve, started } = serveFake(host);
    const signals = new EventEmitter();
    const { deps } = fakeDependencies({
      serve,
      signals,
      exit: (code) => {
        exits.push(code);
        host.fail(new Error('ended'));
        draining.resolve();
      },
    });
    const running = runCli(['serve'], deps);
    await started;
    signals.emit('SIGTERM', 'SIGTERM');
    signals.emit('SIGINT', 'SIGINT');
    await running;
    expect(exits).toEqual([130]);
  });

  test('a host that fails later ends the command with 1', async () => {
    const host = new HostFake();
    const { serve, started } = serveFake(host);
    const { deps, stderr } = fakeDependencies({ serve });
    const running = runCli(['serve'], deps);
    await started;
    host.fail(new Error('the worker died'));
    expect(await running).toBe(1);
    expect(stderr.text).toContain('the worker died');
  });

  test('flags win over the environment; what neither says is left to the manifest', async () => {
    const { asked } = await serveAndStop(['--listen', '127.0.0.1:1', '--config', 'a.toml'], {
      SELVEDGE_LISTEN: '127.0.0.1:2',
      SELVEDGE_ADMIN_LISTEN: '[::1]:3',
      SELVEDGE_WORKERS: '4',
      SELVEDGE_LOG_LEVEL: 'warn',
    });
    expect(asked).toEqual({
      overrides: { listen: '127.0.0.1:1', adminListen: '[::1]:3', workers: 4, logLevel: 'warn' },
      manifest: '/nowhere/a.toml',
      single: undefined,
    });
  });

  test('FILE.wasm is served alone, with the grants of the flags', async () => {
    const { asked } = await serveAndStop(
      [
        'My_App.wasm',
        '--dir',
        'data::/data:rw',
        '--env',
        'SITE',
        '--env',
        'A=b=c',
        '--poll',
        '--timeout',
        '2s',
      ],
      { SITE: 'north' },
    );
    expect(asked?.single).toMatchObject({
      file: '/nowhere/My_App.wasm',
      name: 'my-app',
      config: {
        grants: { env: { SITE: 'north', A: 'b=c' }, poll: true },
        limits: { timeout: '2s' },
      },
    });
    expect(JSON.stringify(asked?.single?.config)).toContain('/nowhere/data');
  });

  test.each([
    ['grants without a module', ['--poll'], /need a FILE\.wasm/],
    ['an address without a port', ['--listen', 'localhost'], /HOST:PORT/],
    ['a port out of range', ['--admin-listen', '127.0.0.1:65536'], /HOST:PORT/],
    ['no workers', ['--workers', '0'], /--workers must be a whole number from 1/],
    ['a variable that is not set', ['a.wasm', '--env', 'ABSENT'], /ABSENT/],
  ])('%s is refused with 2', async (_what, argv, message) => {
    const { code, stderr } = await run(['serve', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('an environment variable with a bad value is named', async () => {
    const { code, stderr } = await run(['serve'], { env: { SELVEDGE_LOG_LEVEL: 'loud' } });
    expect(code).toBe(2);
    expect(stderr).toContain('SELVEDGE_LOG_LEVEL');
  });
});
