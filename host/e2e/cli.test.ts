import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { send } from './client.ts';
import { fixture, root, startHost, type TestHost } from './harness.ts';
import { runCli, type CliRun } from './run-cli.ts';

// Whole processes start in here, and machines are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let host: TestHost;
let folder: string;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'selvedge-cli-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'a.txt'), 'from a file');
  await copyFile(fixture('sensors'), join(folder, 'sensors.wasm'));
  host = started.use(await startHost());
});
afterAll(() => started.disposeAsync());

/** A command of a user who is in a folder of their own, pointed at the host. */
function selvedge(...args: string[]): Promise<CliRun> {
  const target =
    args[0] === 'call' ? ['--edge', host.edge] : ['--admin', host.admin, '--data', host.data];
  return runCli([...args, ...target], { cwd: folder });
}

const jsonOf = ({ stdout }: CliRun) => JSON.parse(stdout) as Record<string, unknown>;

describe('a function, from its deployment to its end', () => {
  test('deploy, with grants from flags; relative directories stand on the user’s folder', async () => {
    const { code, stdout, stderr } = await selvedge(
      'deploy',
      'sensors.wasm',
      '--dir',
      './data::/sensors',
      '--timeout',
      '5s',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^sensors: version 1 is active\n/);
    expect(stdout).toMatch(/sha256 +[0-9a-f]{64}\nlane +http-0\.2\n/);
    expect((await send(`${host.edge}/fn/sensors/sensors/a.txt`)).text).toBe('from a file');
  });

  test('call', async () => {
    expect(await selvedge('call', 'sensors', '/sensors/a.txt')).toEqual({
      code: 0,
      stdout: 'from a file',
      stderr: '',
    });
    const missing = await selvedge('call', 'sensors', '/sensors/absent.txt');
    expect(missing).toMatchObject({
      code: 1,
      stdout: 'no-entry\n',
      stderr: expect.stringContaining('404'),
    });
    const put = await selvedge(
      'call',
      'sensors',
      '/sensors/b.txt',
      '-X',
      'PUT',
      '-d',
      'x',
      '--json',
    );
    expect([put.code, jsonOf(put)]).toMatchObject([1, { status: 403, body: 'read-only\n' }]);
  });

  test('deploy again, with a configuration file and --json', async () => {
    await writeFile(
      join(folder, 'app.json'),
      JSON.stringify({
        routes: ['/app/*'],
        grants: { env: { SITE: 'north' } },
        isolation: 'instance',
      }),
    );
    const run = await selvedge(
      'deploy',
      'sensors.wasm',
      '--name',
      'sensors',
      '--config-json',
      'app.json',
      '--dir',
      './data::/sensors:rw',
      '--json',
    );
    expect([run.code, jsonOf(run)]).toMatchObject([
      0,
      {
        name: 'sensors',
        version: 2,
        active: true,
        isolation: 'instance',
        routes: expect.arrayContaining(['/app/*']),
        grants: { env: { SITE: 'north' } },
      },
    ]);
    expect((await send(`${host.edge}/app/x`)).status).toBe(404);
    expect(
      (await selvedge('call', 'sensors', '/sensors/b.txt', '-X', 'PUT', '-d', 'x')).stdout,
    ).toBe('{"written":1}\n');
    expect(await readFile(join(folder, 'data', 'b.txt'), 'utf8')).toBe('x');
  });

  test('list, show, versions and inspect NAME', async () => {
    const [list, listJson, show, showJson, versions, versionsJson, inspect] = await Promise.all([
      selvedge('list'),
      selvedge('list', '--json'),
      selvedge('show', 'sensors'),
      selvedge('show', 'sensors', '--json'),
      selvedge('versions', 'sensors'),
      selvedge('versions', 'sensors', '--json'),
      selvedge('inspect', 'sensors'),
    ]);
    for (const { code, stderr } of [
      list,
      listJson,
      show,
      showJson,
      versions,
      versionsJson,
      inspect,
    ])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/^NAME +VERSION +LANE +CREATED +ROUTES\nsensors +2 +http-0\.2 /);
    expect(jsonOf(listJson)).toMatchObject({ functions: [{ name: 'sensors', version: 2 }] });
    expect(show.stdout).toMatch(/sensors[\s\S]*\/app\/\*/);
    expect(jsonOf(showJson)).toMatchObject({
      name: 'sensors',
      version: 2,
      status: 'active',
      limits: { timeout: '1m' },
    });
    expect(versions.stdout).toMatch(/^ +VERSION[^\n]*\n +1 [^\n]*\n\* +2 /);
    expect(jsonOf(versionsJson)).toMatchObject({
      versions: [
        { version: 1, active: false },
        { version: 2, active: true },
      ],
    });
    expect(inspect.stdout).toBe(show.stdout);
  });

  test('activate and rollback', async () => {
    expect(await selvedge('activate', 'sensors', '1')).toEqual({
      code: 0,
      stdout: 'sensors: version 1 is active\n',
      stderr: '',
    });
    expect((await send(`${host.edge}/app/x`)).status).toBe(404);
    const back = await selvedge('rollback', 'sensors');
    expect([back.code, back.stdout]).toEqual([0, expect.stringMatching(/version 2/)]);
    const json = await selvedge('activate', 'sensors', '1', '--json');
    expect([json.code, jsonOf(json)]).toMatchObject([0, { name: 'sensors', version: 1 }]);
  });

  test('remove, first only looking', async () => {
    expect((await selvedge('remove', 'sensors', '--dry-run')).stdout).toBe(
      'sensors would be removed with all its versions\n',
    );
    expect((await send(`${host.edge}/fn/sensors/preopens`)).status).toBe(200);
    expect(await selvedge('remove', 'sensors')).toEqual({
      code: 0,
      stdout: 'sensors is removed\n',
      stderr: '',
    });
    expect((await send(`${host.edge}/fn/sensors/preopens`)).status).toBe(404);
    expect(jsonOf(await selvedge('list', '--json'))).toEqual({ functions: [] });
  });
});

describe('what fails', () => {
  test('a deployment that the host refuses says why and what to add; one that works is next', async () => {
    const text = await selvedge('deploy', fixture('echo'));
    expect([text.code, text.stdout]).toEqual([1, '']);
    expect(text.stderr).toMatch(
      /^error: Could not deploy echo: the host answered 422 \(grants-missing\)\.\ncause: .*\n {2}- wasi:io\/poll@0\.2\.\d+ \(.*\): poll = true\nfix: give --poll, .*\n +poll = true\n\n {2}selvedge deploy .* --poll\n$/,
    );
    const json = await selvedge('deploy', fixture('echo'), '--json');
    expect([json.code, JSON.parse(json.stderr)]).toMatchObject([
      1,
      { event: 'error', code: 'grants-missing', fix: expect.stringContaining('poll = true') },
    ]);
    expect((await selvedge('deploy', fixture('echo'), '--poll')).code).toBe(0);
  });

  test('a configuration names the place', async () => {
    await writeFile(join(folder, 'wrong.json'), '{"limits":{"timout":"2s"}}');
    const { code, stderr } = await selvedge(
      'deploy',
      fixture('hello'),
      '--config-json',
      'wrong.json',
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/limits\.timout.*timeout/s);
  });

  test('a flag’s value is checked before anything is sent', async () => {
    const { code, stderr } = await selvedge('deploy', fixture('hello'), '--memory', '64Mib/s');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: --memory: "64Mib\/s" is not a size/),
    ]);
  });

  test('a damaged file says where, and how to go on', async () => {
    await writeFile(
      join(folder, 'half.wasm'),
      (await readFile(fixture('hello'))).subarray(0, 5000),
    );
    for (const run of [
      await selvedge('deploy', 'half.wasm'),
      await runCli(['inspect', join(folder, 'half.wasm')]),
    ]) {
      expect([run.code, run.stderr]).toEqual([
        1,
        expect.stringMatching(/at byte \d+[\s\S]*\nfix: build or copy it again/),
      ]);
    }
  });

  test('a dry run sends nothing', async () => {
    const missing = await selvedge('deploy', fixture('echo'), '--name', 'dry', '--dry-run');
    expect([missing.code, missing.stdout]).toEqual([
      1,
      expect.stringMatching(/poll = true[\s\S]*dry would be refused/),
    ]);
    const fine = await selvedge(
      'deploy',
      fixture('echo'),
      '--name',
      'dry',
      '--poll',
      '--dry-run',
      '--json',
    );
    expect([fine.code, jsonOf(fine)]).toMatchObject([
      0,
      { name: 'dry', dryRun: true, accepted: true, lane: 'http-0.2' },
    ]);
    expect((await host.api('GET', '/v1/functions/dry')).status).toBe(404);
  });

  test('no host is 3, a wrong token and an unknown function are 1', async () => {
    const nobody = await runCli(['list', '--admin', 'http://127.0.0.1:9', '--data', host.data]);
    expect([nobody.code, nobody.stderr]).toEqual([3, expect.stringMatching(/selvedge serve/)]);
    const wrong = await runCli(['list', '--admin', host.admin], {
      env: { SELVEDGE_ADMIN_TOKEN: 'x'.repeat(43) },
    });
    expect([wrong.code, wrong.stdout, wrong.stderr]).toEqual([
      1,
      '',
      expect.stringMatching(/401[\s\S]*token/),
    ]);
    const none = await runCli(['list', '--admin', host.admin, '--data', join(folder, 'absent')], {
      cwd: folder,
    });
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/SELVEDGE_ADMIN_TOKEN/)]);
    const right = await runCli(['list', '--admin', host.admin], {
      env: { SELVEDGE_ADMIN_TOKEN: host.token },
    });
    expect(right.code).toBe(0);
    const unknown = await selvedge('show', 'absent');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/absent/)]);
  });

  test('what is not understood is 2, with what may have been meant', async () => {
    const runs = await Promise.all([
      selvedge('depoly'),
      selvedge('deploy', fixture('hello'), '--timout', '2s'),
      selvedge('activate', 'echo', 'one'),
      selvedge('deploy', fixture('hello'), '--clock', 'sun'),
      runCli([]),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    expect(runs[0]?.stderr).toMatch(/deploy/);
    expect(runs[1]?.stderr).toMatch(/--timeout/);
    expect(runs[2]?.stderr).toMatch(/selvedge versions echo/);
  });
});

describe('without a host', () => {
  test('inspect FILE shows kind, lane, imports and the grants they need', async () => {
    const [text, json, covered] = await Promise.all([
      runCli(['inspect', fixture('outbound')]),
      runCli(['inspect', fixture('outbound'), '--json']),
      runCli(['inspect', fixture('outbound'), '--poll', '--allow-http', '*', '--json']),
    ]);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/http-0\.2/);
    expect(text.stdout).toMatch(/wasi:io\/poll[\s\S]*poll = true/);
    const uncovered = (run: CliRun) =>
      (jsonOf(run)['imports'] as { name: string; covered: boolean }[])
        .filter((each) => !each.covered)
        .map((each) => each.name.replace(/@.*/, ''));
    expect(uncovered(json).toSorted()).toEqual(['wasi:http/outgoing-handler', 'wasi:io/poll']);
    expect(uncovered(covered)).toEqual([]);
  });

  test('inspect of what is no lane’s, and of what is no module', async () => {
    const core = await runCli(['inspect', fixture('preview1')]);
    expect([core.code, core.stdout]).toEqual([0, expect.stringMatching(/wasi_snapshot_preview1/)]);
    await writeFile(join(folder, 'not.wasm'), 'no module at all');
    const none = await runCli(['inspect', join(folder, 'not.wasm')]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/not\.wasm|WebAssembly/)]);
    expect((await runCli(['inspect', join(folder, 'absent.wasm')])).code).toBe(1);
  });

  test('a reader that goes away is no failure', async () => {
    const script = join(root, 'scripts', 'selvedge.mjs');
    for (const args of [
      ['inspect', fixture('env')],
      ['deploy', '--help'],
      ['completion', 'bash'],
      ['--version'],
      ['show', 'No_Name'],
    ]) {
      const child = spawn(process.execPath, [script, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      // Before it can have written anything; stderr stays, to see that nothing is told there.
      child.stdout.destroy();
      const [stderr, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      expect([args, code, signal, /EPIPE|\n {4}at /.test(stderr)]).toEqual([
        args,
        args[0] === 'show' ? 2 : 0,
        null,
        false,
      ]);
    }
  });

  test('doctor names what it looked at', async () => {
    const free = [
      '--listen',
      '127.0.0.1:0',
      '--admin-listen',
      '127.0.0.1:0',
      '--data',
      join(folder, 'doctor'),
    ];
    const healthy = await runCli(['doctor', ...free, '--json']);
    expect([healthy.code, jsonOf(healthy)]).toMatchObject([0, { healthy: true }]);
    const taken = await runCli([
      'doctor',
      '--listen',
      new URL(host.edge).host,
      '--admin-listen',
      '127.0.0.1:0',
      '--data',
      join(folder, 'doctor'),
    ]);
    expect(taken.stdout).toContain(new URL(host.edge).host);
    expect(taken.stdout).toMatch(/fix:/);
  });

  test('completion is a script that its shell can read', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await runCli(['completion', shell]);
      expect([shell, code]).toEqual([shell, 0]);
      for (const word of ['deploy', 'rollback', 'allow-http']) expect(stdout).toContain(word);
    }
    expect((await runCli(['completion', 'tcsh'])).code).toBe(2);
  });

  test('--version and help', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    const [short, long, help, verb] = await Promise.all([
      runCli(['-V']),
      runCli(['--version']),
      runCli(['--help']),
      runCli(['deploy', '--help']),
    ]);
    for (const run of [short, long])
      expect(run).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    for (const name of [
      'serve',
      'deploy',
      'call',
      'list',
      'show',
      'versions',
      'activate',
      'rollback',
      'remove',
      'inspect',
      'doctor',
      'completion',
    ])
      expect(help.stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    expect([help.code, verb.code]).toEqual([0, 0]);
    for (const flag of [
      '--dir',
      '--env',
      '--allow-http',
      '--allow-socket',
      '--clock',
      '--poll',
      '--random',
      '--timeout',
      '--memory',
    ])
      expect(verb.stdout).toContain(flag);
  });
});
