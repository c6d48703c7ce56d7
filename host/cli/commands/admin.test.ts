import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerJson, explanation, httpFake, run } from '../testing.ts';

const view = {
  name: 'hello',
  version: 2,
  sha256: 'ab'.repeat(32),
  size: 2048,
  lane: 'http',
  binder: 'jco',
  active: true,
  createdAt: '2026-11-24T00:00:00Z',
  routes: ['/fn/hello/*'],
  isolation: 'request',
  grants: { poll: true },
  limits: { timeout: '2s' },
  warnings: ['mind the gap'],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'selvedge-cli-'));
  await writeFile(join(folder, 'admin-token'), 'secret-token\n');
  await writeFile(join(folder, 'hello.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  await writeFile(
    join(folder, 'config.json'),
    '{"routes":["/x"],"grants":{"http":["https://a.example"]}}',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command against a host that gives one answer. */
async function against(argv: readonly string[], status = 200, body: unknown = view, type?: string) {
  await using host = await httpFake((_seen, response) => answerJson(response, status, body, type));
  const result = await run([...argv, '--admin', host.url, '--data', folder], { cwd: folder });
  return { ...result, seen: host.seen };
}

/** Deploys to a host that refuses; its address and the folder are taken out of what is said. */
async function refusedDeploy(argv: readonly string[], problem: unknown) {
  await using host = await httpFake(({ method }, response) =>
    method === 'GET'
      ? answerJson(response, 404, {})
      : answerJson(response, 422, problem, 'application/problem+json'),
  );
  const result = await run([...argv, '--admin', host.url, '--data', folder], { cwd: folder });
  return { stderr: result.stderr.replace(host.url, 'URL').replace(folder, 'DIR') };
}

describe('commands that talk to the admin API', () => {
  test.each([
    [['list'], 'GET', '/v1/functions', { functions: [view] }],
    [['show', 'hello'], 'GET', '/v1/functions/hello', view],
    [['inspect', 'hello'], 'GET', '/v1/functions/hello', view],
    [['versions', 'hello'], 'GET', '/v1/functions/hello/versions', { versions: [view] }],
    [['activate', 'hello', '2'], 'POST', '/v1/functions/hello/versions/2/activate', view],
    [['rollback', 'hello'], 'POST', '/v1/functions/hello/rollback', view],
    [['remove', 'hello'], 'DELETE', '/v1/functions/hello', view],
  ])('%j asks %s %s with the token', async (argv, method, path, body) => {
    const { code, stdout, seen } = await against(argv, 200, body);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method, path });
    expect(seen[0]?.headers.authorization).toBe('Bearer secret-token');
    expect(code).toBe(0);
    expect(argv[0] === 'versions' ? stdout : `${stdout} hello`).toContain(
      argv[0] === 'versions' ? '2.0 KiB' : 'hello',
    );
  });

  test('with --json the answer is passed on as it is', async () => {
    const { stdout } = await against(['show', 'hello', '--json']);
    expect(JSON.parse(stdout)).toEqual(view);
  });

  test('show prints grants and limits in one column, and warnings on stderr', async () => {
    const { stdout, stderr } = await against(['show', 'hello'], 200, {
      ...view,
      routes: ['/fn/hello/*', '/x'],
      grants: {
        dirs: [{ host: '/a', guest: '/data', mode: 'rw', files: 3 }, './b::/b'],
        env: { SITE: 'north' },
        clocks: { wall: true, resolution: '1ms' },
        poll: true,
        random: false,
        http: [],
      },
      status: 'quarantined',
      problem: { message: 'it kept trapping' },
    });
    expect(stdout.replace(/^[^]*?version/, 'version')).toBe(
      [
        'version    2',
        'status     quarantined: it kept trapping',
        `sha256     ${'ab'.repeat(32)}`,
        'size       2.0 KiB',
        'lane       http',
        'binder     jco',
        'created    2026-11-24T00:00:00Z',
        'isolation  request',
        'routes     /fn/hello/*',
        '           /x',
        'grants',
        '  dirs     /a::/data:rw,files=3',
        '           ./b::/b:ro',
        '  env      SITE=north',
        '  clocks   monotonic',
        '           wall',
        '           resolution 1ms',
        '  poll     true',
        '  random   -',
        '  http     -',
        'limits',
        '  timeout  2s',
        '',
      ].join('\n'),
    );
    expect(stderr).toContain('warning: mind the gap');
  });

  test('remove answers a 204 without a body', async () => {
    await using host = await httpFake((_seen, response) => response.writeHead(204).end());
    const result = await run(['remove', 'hello', '--admin', host.url, '--data', folder]);
    expect(result).toMatchObject({ code: 0, stdout: 'hello is removed\n' });
  });

  test('remove --dry-run only looks', async () => {
    const { seen, stdout } = await against(['remove', 'hello', '--dry-run']);
    expect(seen.map(({ method }) => method)).toEqual(['GET']);
    expect(stdout).toContain('would be removed');
  });

  test('deploy sends the module and the configuration, flags over the file', async () => {
    const argv = [
      'deploy',
      'hello.wasm',
      '--config-json',
      'config.json',
      '--allow-http',
      'https://b.example',
      '--random',
    ];
    const { code, seen, stdout } = await against(argv, 201);
    expect(code).toBe(0);
    expect(stdout).toContain('hello: version 2 is active');
    const request = seen.at(-1);
    expect(request).toMatchObject({ method: 'PUT', path: '/v1/functions/hello' });
    const form = await new Response(new Uint8Array(request?.body ?? []), {
      headers: { 'content-type': request?.headers['content-type'] ?? '' },
    }).formData();
    const module = form.get('module');
    const config = form.get('config');
    if (!(module instanceof File) || !(config instanceof File))
      throw new Error('two file parts expected');
    expect(module.type).toBe('application/wasm');
    expect(module.size).toBe(8);
    expect(JSON.parse(await config.text())).toEqual({
      routes: ['/x'],
      grants: { http: ['https://a.example', 'https://b.example'], random: true },
    });
  });

  test('deploy --dry-run sends nothing and fails where a grant is missing', async () => {
    const { code, stdout } = await run(['deploy', 'hello.wasm', '--dry-run'], {
      cwd: folder,
      explainModule: () => Promise.resolve(explanation),
      fetch: () => Promise.reject(new Error('nothing may be sent')),
    });
    expect(code).toBe(1);
    expect(stdout).toContain('wasi:io/poll@0.2.6');
    expect(stdout).toContain('poll = true');
    expect(stdout).toContain('would be refused');
  });

  test('problem details become what failed, cause and fix', async () => {
    const problem = {
      type: 'https://selvedge.dev/problems/import-not-granted',
      title: 'Import not granted',
      status: 422,
      detail: 'it imports wasi:io/poll, which no grant covers',
      code: 'import-not-granted',
      fix: 'add poll = true',
      imports: ['wasi:io/poll@0.2.6'],
    };
    const text = await against(['deploy', 'hello.wasm'], 422, problem, 'application/problem+json');
    expect(text.code).toBe(1);
    expect(text.stderr).toBe(
      'error: Could not deploy hello: the host answered 422 (import-not-granted).\n' +
        'cause: it imports wasi:io/poll, which no grant covers\n' +
        'fix: add poll = true\n',
    );
    const json = await against(
      ['deploy', 'hello.wasm', '--json'],
      422,
      problem,
      'application/problem+json',
    );
    expect(JSON.parse(json.stderr)).toMatchObject({
      event: 'error',
      code: 'import-not-granted',
      fix: 'add poll = true',
      details: { imports: ['wasi:io/poll@0.2.6'] },
    });
  });

  test('refused imports are told one by one, with a command to paste', async () => {
    const refused = (name: string, line: string, flag: string) => ({
      code: 'import-not-granted',
      import: name,
      functions: ['go'],
      message: `long: ${name}`,
      fix: 'longer',
      grant: { line, flag },
    });
    const problem = {
      status: 422,
      detail: 'all of them in one line',
      code: 'grants-missing',
      fix: 'and again',
      refusals: [
        refused('wasi:a/a@0.2.0', 'random = true', '--random'),
        refused('wasi:a/b@0.2.0', 'random = true', '--random'),
        refused('wasi:b/a@0.2.0', 'clocks = ["wall"]', '--clock wall'),
      ],
    };
    const argv = ['deploy', 'hello.wasm', '--name', 'it', '--dir', 'my data::/d', '--poll'];
    const { stderr } = await refusedDeploy(argv, problem);
    expect(stderr).toBe(
      'error: Could not deploy it: the host answered 422 (grants-missing).\n' +
        'cause: these imports are not covered:\n' +
        '  - wasi:a/a@0.2.0 (go): random = true\n' +
        '  - wasi:a/b@0.2.0 (go): random = true\n' +
        '  - wasi:b/a@0.2.0 (go): clocks = ["wall"]\n' +
        'fix: give --random --clock wall, or write into its grants:\n' +
        '         random = true\n' +
        '         clocks = ["wall"]\n\n' +
        "  selvedge deploy hello.wasm --name it --dir 'my data::/d' --poll --admin URL --data DIR --random --clock wall\n",
    );
    const secret = await refusedDeploy([...argv, '--env', 'TOKEN=secret'], problem);
    expect(secret.stderr).toContain('fix: give --random --clock wall');
    expect(secret.stderr).not.toContain('secret');
    const hopeless = { ...refused('my:own/x', '', ''), grant: undefined, fix: 'compose it' };
    const unknown = await refusedDeploy(argv, { ...problem, refusals: [hopeless] });
    expect(unknown.stderr).toContain(
      '  - my:own/x (go): not provided by this host\nfix: compose it\n',
    );
    expect(unknown.stderr).not.toContain('selvedge deploy');
  });

  test('deploy tells what the version before had and this one has not', async () => {
    const before = {
      ...view,
      routes: ['/fn/hello/*', '/old', '/x'],
      isolation: 'instance',
      grants: {
        dirs: ['/a::/a', { host: '/b', guest: '/b', mode: 'rw', quota: '1MiB' }],
        env: { SITE: 'north', KEPT: 'old' },
        clocks: { wall: true },
        poll: true,
        random: true,
        http: ['https://a.example', { origin: 'http://b', addresses: ['10.0.0.0/8'] }],
      },
      limits: { timeout: '2s', memory: '1MiB', body: '1GiB' },
    };
    const after = {
      ...view,
      routes: ['/fn/hello/*', '/x'],
      grants: {
        dirs: ['/a::/a:ro'],
        env: { KEPT: 'new' },
        clocks: ['monotonic'],
        poll: true,
        random: false,
        http: ['https://a.example'],
      },
      limits: { timeout: '9s', memory: '128MiB', body: '1GiB' },
    };
    await using host = await httpFake(({ method }, response) =>
      answerJson(response, 200, method === 'GET' ? before : after),
    );
    const at = ['--admin', host.url, '--data', folder];
    const argv = ['deploy', 'hello.wasm', '--timeout', '9s', ...at];
    expect((await run(argv, { cwd: folder })).stderr).toBe(
      'warning: mind the gap\n' +
        'notice: version 2 had what this one has not:\n' +
        '  - route /old\n' +
        '  - dirs /b::/b:rw,quota=1MiB\n' +
        '  - env SITE\n' +
        '  - clocks wall\n' +
        '  - random\n' +
        '  - http http://b at 10.0.0.0/8\n' +
        '  - isolation instance\n' +
        '  - limit memory 1MiB (now 128MiB)\n',
    );
    expect((await run([...argv, '--json'], { cwd: folder })).stderr).toBe('');
  });

  test.each([
    [true, [], ['DELETE'], 0],
    [false, [], [], 1],
    [undefined, [], ['DELETE'], 0],
    [false, ['--yes'], ['DELETE'], 0],
    [false, ['--json'], ['DELETE'], 0],
  ])('remove, answered %j at the terminal, with %j', async (answer, flags, methods, code) => {
    await using host = await httpFake((_seen, response) => response.writeHead(204).end());
    const argv = ['remove', 'hello', ...flags, '--admin', host.url, '--data', folder];
    const result = await run(argv, { confirm: () => Promise.resolve(answer) });
    expect(result.code).toBe(code);
    expect(host.seen.map(({ method }) => method)).toEqual(methods);
  });

  test.each([
    [['--memory', '64Mib/s'], /--memory: "64Mib\/s" is not a size/],
    [['--timeout', '3'], /--timeout: "3" is not a duration/],
    [['--allow-http', 'example.com'], /--allow-http/],
    [['--timeout', '3', '--memory', 'x'], /- --timeout: [^]*- --memory: /],
  ])('deploy with %j is not understood, and nothing is sent', async (flags, message) => {
    const { code, stderr, seen } = await against(['deploy', 'hello.wasm', ...flags]);
    expect({ code, seen }).toEqual({ code: 2, seen: [] });
    expect(stderr).toMatch(message);
    expect(stderr.match(/fix: /g)).toHaveLength(flags.length / 2);
  });

  test('control characters of an answer do not reach the terminal', async () => {
    const { stdout } = await against(['show', 'hello'], 200, {
      ...view,
      lane: '\u001b]0;owned\u0007',
    });
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\u0007');
    expect(stdout).toContain('\\u{1b}]0;owned');
  });

  test('an answer that is not JSON is an error, not a crash', async () => {
    await using host = await httpFake((_seen, response) => response.writeHead(200).end('<html>'));
    const { code, stderr } = await run(['list', '--admin', host.url, '--data', folder]);
    expect(code).toBe(1);
    expect(stderr).toContain('not JSON');
  });

  test('a redirect is not followed, so the token stays', async () => {
    await using thief = await httpFake((_seen, response) => response.end('{}'));
    await using host = await httpFake((_seen, response) =>
      response.writeHead(307, { location: thief.url }).end(),
    );
    const { code } = await run(['list', '--admin', host.url, '--data', folder]);
    expect(code).toBe(1);
    expect(thief.seen).toEqual([]);
  });

  test('nobody there exits with 3 and says how to start a host', async () => {
    const host = await httpFake(() => {});
    await host[Symbol.asyncDispose]();
    const { code, stderr } = await run(['list', '--admin', host.url, '--data', folder]);
    expect(code).toBe(3);
    expect(stderr).toContain('selvedge serve');
  });
});

describe('the admin token', () => {
  async function sent(argv: readonly string[], env: Record<string, string>) {
    await using host = await httpFake((_seen, response) =>
      answerJson(response, 200, { functions: [] }),
    );
    const result = await run(['list', '--admin', host.url, ...argv], { cwd: folder, env });
    return { ...result, authorization: host.seen[0]?.headers.authorization };
  }

  test('comes from the environment when no flag names a file', async () => {
    const env = { SELVEDGE_ADMIN_TOKEN: 'from-env', SELVEDGE_DATA: folder };
    expect(await sent([], env)).toMatchObject({ authorization: 'Bearer from-env' });
  });

  test('comes from the file that a flag names, also beside the variable', async () => {
    const env = { SELVEDGE_ADMIN_TOKEN: 'from-env' };
    expect(await sent(['--token-file', 'admin-token'], env)).toMatchObject({
      authorization: 'Bearer secret-token',
    });
    expect(await sent(['--data', folder], env)).toMatchObject({
      authorization: 'Bearer secret-token',
    });
  });

  test('missing, it is asked for with the ways to give it', async () => {
    const { code, stderr } = await sent(['--data', join(folder, 'absent')], {});
    expect(code).toBe(1);
    expect(stderr).toContain('--data DIR');
    expect(stderr).toContain('SELVEDGE_ADMIN_TOKEN');
  });
});
