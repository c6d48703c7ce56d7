import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { begin, send, wholeAnswer, type Answer } from './client.ts';
import { fixture, startHost, type TestHost } from './harness.ts';
import { runCli } from './run-cli.ts';
import { startUpstream, type Upstream } from './upstream.ts';

// Whole processes start in here, and machines are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: string;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'selvedge-serve-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
});
afterAll(() => started.disposeAsync());

async function manifest(text: string): Promise<string> {
  const file = join(folder, 'selvedge.toml');
  await writeFile(
    file,
    text.replaceAll(
      /module = "(\w+)"/g,
      (_, name: string) => `module = ${JSON.stringify(fixture(name))}`,
    ),
  );
  return file;
}

describe('serve FILE.wasm', () => {
  test('answers at every path, with the module alone', async () => {
    await using host = await startHost({ args: [fixture('echo'), '--poll'] });
    for (const url of [host.edge, host.admin])
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    for (const path of ['/', '/a/b?c=d', '/fn/echo/x']) {
      const { status, headers } = await send(host.edge + path);
      expect([status, headers['x-echo-path'], headers['x-forwarded-prefix']]).toEqual([
        200,
        path,
        undefined,
      ]);
    }
    expect((await fetch(`${host.admin}/readyz`)).status).toBe(200);
    expect(host.noise).toEqual([]);
  });

  test('that needs a grant ends with the flag that would give it', async () => {
    const { code, stdout, stderr } = await runCli([
      'serve',
      fixture('echo'),
      '--listen',
      '127.0.0.1:0',
      '--admin-listen',
      '127.0.0.1:0',
      '--data',
      join(folder, 'refused'),
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/imports wasi:io\/poll \(.*\), which no grant covers: add poll = true/);
    expect(stderr).toContain('--poll');
  });
});

describe('npm start', () => {
  test('every line to try that it prints is answered with 200, and a path that nobody knows with the paths there are', async () => {
    await using host = await startHost({
      args: ['--config', join(dirname(fixture('hello')), 'selvedge.toml')],
    });
    const { functions } = (await (await host.api('GET', '/v1/functions')).json()) as {
      functions: { name: string; lane: string; routes: string[] }[];
    };
    expect(functions.length).toBeGreaterThan(3);
    for (const { lane, routes } of functions) {
      for (const route of routes) {
        const path = route
          .replace(/^GET /, '')
          .replace(/\*$/, lane === 'typed' ? 'openapi.json' : '');
        expect([path, (await send(host.edge + path)).status]).toEqual([path, 200]);
      }
    }
    for (const name of ['compute', 'env', 'poll', 'sensors']) {
      const guide = await send(`${host.edge}/fn/${name}/`);
      expect(guide.text).toMatch(new RegExp(`^${name}: .*\n {2}/`));
      expect(await send(`${host.edge}/fn/${name}/absent`)).toMatchObject({
        status: 404,
        text: guide.text,
      });
    }
  });
});

describe('the manifest', () => {
  const TEXT = `
[function.telemetry]
module = "echo"
routes = ["GET /telemetry/*", "PUT /telemetry/*"]
grants = { poll = true }

[function.deep]
module = "echo"
routes = ["/telemetry/deep/*"]
grants = { poll = true }

[function.exact]
module = "echo"
routes = ["GET /telemetry/deep/exact"]
grants = { poll = true }
`;
  let host: TestHost;
  beforeAll(async () => {
    host = await startHost({ args: ['--config', await manifest(TEXT)] });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  /** Which function answers: what the host says of it. */
  async function answerer(method: string, path: string): Promise<[number, unknown]> {
    const trace = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
    const { status } = await send(host.edge + path, {
      method,
      headers: ['traceparent', `00-${trace}-0123456789abcdef-01`],
    });
    const line = await host.logged(
      (each) => each['trace_id'] === trace && each['msg'] === 'request',
      `the line of ${method} ${path}`,
    );
    return [status, line['function']];
  }

  test('routes requests: the longest path first, an exact one before a wildcard', async () => {
    expect(await answerer('GET', '/telemetry/x')).toEqual([200, 'telemetry']);
    expect(await answerer('GET', '/telemetry')).toEqual([200, 'telemetry']);
    expect(await answerer('GET', '/telemetry/deep/x')).toEqual([200, 'deep']);
    expect(await answerer('GET', '/telemetry/deep/exact')).toEqual([200, 'exact']);
    expect(await answerer('POST', '/telemetry/deep/exact')).toEqual([200, 'deep']);
    expect(await answerer('PUT', '/fn/deep/telemetry/x')).toEqual([200, 'deep']);
  });

  test('a method that no route takes is answered with those that one does', async () => {
    const { status, headers, json } = await send(`${host.edge}/telemetry/x`, { method: 'DELETE' });
    expect([status, headers.allow]).toEqual([405, 'GET, PUT']);
    expect(json()).toMatchObject({ code: 'method-not-allowed', status: 405 });
  });

  test('a path that nobody has is answered with problem details', async () => {
    for (const path of [
      '/',
      '/telemetryx',
      '/fn/',
      '/fn/absent/x',
      '/fn/Telemetry/',
      '/v1/functions',
    ]) {
      const { status, headers, json } = await send(host.edge + path);
      expect([path, status, headers['content-type']]).toEqual([
        path,
        404,
        'application/problem+json',
      ]);
      expect(json()).toMatchObject({
        type: 'https://selvedge.dev/problems/not-found',
        code: 'not-found',
        status: 404,
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
    }
  });

  test('under /fn/NAME the guest sees the rest of the path and the prefix; nobody else can claim one', async () => {
    const claimed = { headers: ['x-forwarded-prefix', '/claimed', 'X-Forwarded-Prefix', '/again'] };
    const seen = ({ headers }: Answer) => [headers['x-echo-path'], headers['x-forwarded-prefix']];
    expect(seen(await send(`${host.edge}/fn/telemetry/a/b?c=d`, claimed))).toEqual([
      '/a/b?c=d',
      '/fn/telemetry',
    ]);
    expect(seen(await send(`${host.edge}/fn/telemetry?c=d`))).toEqual(['/?c=d', '/fn/telemetry']);
    expect(seen(await send(`${host.edge}/telemetry/a`, claimed))).toEqual([
      '/telemetry/a',
      undefined,
    ]);
  });

  test('the admin API answers on its own port only, and functions not there', async () => {
    expect((await fetch(`${host.admin}/telemetry/x`)).status).toBe(404);
    expect((await fetch(`${host.admin}/fn/telemetry/x`)).status).toBe(404);
  });
});

describe('a manifest that is wrong', () => {
  const serve = async (text: string) =>
    runCli([
      'serve',
      '--config',
      await manifest(text),
      '--listen',
      '127.0.0.1:0',
      '--admin-listen',
      '127.0.0.1:0',
      '--data',
      join(folder, 'unused'),
    ]);

  test.each([
    ['syntax', '[function.a]\nmodule = \n', /selvedge\.toml:2:\d+/],
    [
      'an unknown key',
      '[function.a]\nmodule = "hello"\nlimits = { timout = "2s" }\n',
      /selvedge\.toml:3:12.*timout.*timeout/s,
    ],
    [
      'a unit',
      '[function.a]\nmodule = "hello"\n[function.a.limits]\n  memory = "64MB/s"\n',
      /selvedge\.toml:4:12/,
    ],
    [
      'a directory that is not there',
      '[function.a]\nmodule = "hello"\n[function.a.grants]\ndirs = ["./absent::/x"]\n',
      /selvedge\.toml:4:\d+.*absent/s,
    ],
    [
      'a module that is not there',
      '[function.a]\nmodule = "./absent.wasm"\n',
      /selvedge\.toml:2:\d+.*absent\.wasm/s,
    ],
    [
      'one route twice',
      '[function.a]\nmodule = "hello"\nroutes = ["/x"]\n[function.b]\nmodule = "hello"\nroutes = ["/x"]\n',
      /selvedge\.toml:6:\d+.*\/x.*function a/s,
    ],
  ])('(%s) is refused with its place', async (_what, text, says) => {
    const { code, stdout, stderr } = await serve(text);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/fix:|Did you mean/);
  });

  test('is a file that is not there', async () => {
    const { code, stderr } = await runCli(['serve', '--config', join(folder, 'absent.toml')]);
    expect(code).toBe(1);
    expect(stderr).toContain('absent.toml');
  });
});

describe('starting again', () => {
  const view = async (host: TestHost, name: string) =>
    (await (await host.api('GET', `/v1/functions/${name}`)).json()) as {
      version: number;
      status: string;
    };
  const cacheFiles = async (data: string) => {
    const names = await readdir(join(data, 'cache'));
    return Promise.all(
      names.toSorted().map(async (name) => [name, (await stat(join(data, 'cache', name))).ino]),
    );
  };

  test('a changed function is a new version, an unchanged one is not, one that is gone from the manifest answers no more', async () => {
    const data = await mkdtemp(join(folder, 'data-'));
    const restart = async (text: string) =>
      startHost({ data, args: ['--config', await manifest(text)] });
    {
      await using host = await restart(
        '[function.same]\nmodule = "hello"\n[function.moves]\nmodule = "hello"\nroutes = ["/one"]\n[function.goes]\nmodule = "hello"\n',
      );
      await host.deploy('uploaded', 'hello');
      expect((await send(`${host.edge}/one`)).status).toBe(200);
      expect((await send(`${host.edge}/fn/goes/`)).status).toBe(200);
      expect(await host.stop()).toBe(0);
    }
    await using host = await restart(
      '[function.same]\nmodule = "hello"\n[function.moves]\nmodule = "hello"\nroutes = ["/two"]\n',
    );
    expect([
      (await send(`${host.edge}/one`)).status,
      (await send(`${host.edge}/two`)).status,
    ]).toEqual([404, 200]);
    expect((await send(`${host.edge}/fn/goes/`)).status).toBe(404);
    expect((await send(`${host.edge}/fn/uploaded/`)).status).toBe(200);
    expect(await view(host, 'same')).toMatchObject({ version: 1, status: 'active' });
    expect(await view(host, 'moves')).toMatchObject({ version: 2, status: 'active' });
    expect(await view(host, 'goes')).toMatchObject({ status: 'inactive' });
  });

  test('a route may move from one function of the manifest to another', async () => {
    const data = await mkdtemp(join(folder, 'data-'));
    const text = (a: string, b: string) =>
      `[function.a]\nmodule = "hello"\nroutes = ["${a}"]\n[function.b]\nmodule = "trap"\nroutes = ["${b}"]\n`;
    const answers = async (host: TestHost) => [
      (await send(`${host.edge}/one`)).text,
      (await send(`${host.edge}/two`)).text,
    ];
    {
      await using host = await startHost({
        data,
        args: ['--config', await manifest(text('/one', '/two'))],
      });
      expect(await answers(host)).toEqual(['Hello from WebAssembly!\n', 'ok\n']);
      expect(await host.stop()).toBe(0);
    }
    await using host = await startHost({
      data,
      args: ['--config', await manifest(text('/two', '/one'))],
    });
    expect(await answers(host)).toEqual(['ok\n', 'Hello from WebAssembly!\n']);
  });

  test('serves the same without preparing a module again, and prepares it where the cache is gone', async () => {
    const data = await mkdtemp(join(folder, 'data-'));
    let prepared: unknown;
    {
      await using host = await startHost({ data });
      await host.deploy('hello', 'hello');
      await host.deploy('echo', 'echo', { grants: { poll: true } });
      prepared = await cacheFiles(data);
      expect(prepared).toHaveLength(2);
      expect(await host.stop()).toBe(0);
    }
    {
      await using host = await startHost({ data });
      expect((await send(`${host.edge}/fn/hello/`)).text).toBe('Hello from WebAssembly!\n');
      expect((await send(`${host.edge}/fn/echo/`, { method: 'POST', body: 'x' })).text).toBe('x');
      // Writing an entry replaces its file, also where the bytes are the same.
      expect(await cacheFiles(data)).toEqual(prepared);
      expect(await host.stop()).toBe(0);
    }
    await rm(join(data, 'cache'), { recursive: true });
    await using host = await startHost({ data });
    expect((await send(`${host.edge}/fn/hello/`)).text).toBe('Hello from WebAssembly!\n');
    expect((await cacheFiles(data)).map(([name]) => name)).toEqual(
      (prepared as [string][]).map(([name]) => name),
    );
  });
});

describe('what another process has', () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await startHost({ args: [fixture('hello')] });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  test('the address of the edge or of the admin API', async () => {
    const taken = new URL(host.edge).host;
    const free = '127.0.0.1:0';
    for (const [edge, admin] of [
      [taken, free],
      [free, taken],
    ] as const) {
      const { code, stdout, stderr } = await runCli([
        'serve',
        fixture('hello'),
        '--listen',
        edge,
        '--admin-listen',
        admin,
        '--data',
        join(folder, 'second'),
      ]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(taken);
      expect(stderr).toMatch(/fix: .*--listen/);
    }
    expect((await send(host.edge)).status).toBe(200);
  });

  test('the data directory', async () => {
    const { code, stderr } = await runCli([
      'serve',
      '--json',
      '--listen',
      '127.0.0.1:0',
      '--admin-listen',
      '127.0.0.1:0',
      '--data',
      host.data,
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({
      event: 'error',
      message: expect.stringContaining(host.data),
      fix: expect.stringMatching(/--data/),
    });
    expect((await send(host.edge)).status).toBe(200);
  });
});

describe('ending', () => {
  let upstream: Upstream;
  const pending: ServerResponse[] = [];
  beforeAll(async () => {
    upstream = started.use(
      await startUpstream((_incoming, outgoing) => void pending.push(outgoing)),
    );
  });

  /** A host with one request in flight that waits for the upstream. */
  async function busyHost() {
    const host = await startHost({
      args: [fixture('outbound'), '--poll', '--allow-http', upstream.origin],
    });
    const arrived = upstream.next();
    const sent = begin(`${host.edge}/?url=${encodeURIComponent(upstream.origin)}`, {
      method: 'GET',
      headers: ['connection', 'keep-alive'],
    });
    const answer = wholeAnswer(sent);
    answer.catch(() => {});
    sent.end();
    await arrived;
    return { host, answer };
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets what is in flight finish, takes nothing new, and exits with 0',
    async (signal) => {
      const { host, answer } = await busyHost();
      await using _ = host;
      const idle = connect(Number(new URL(host.edge).port), '127.0.0.1');
      await once(idle, 'connect');
      const idleClosed = new Promise<void>((resolve) =>
        idle.once('close', () => resolve()).once('error', () => {}),
      );
      const exited = once(host.process, 'exit');
      host.process.kill(signal);
      idle.resume();
      await idleClosed;
      while (await reachable(host.edge));
      expect(host.process.exitCode).toBeNull();
      pending.pop()?.end('at last');
      expect(await answer).toMatchObject({ status: 200, text: 'at last' });
      expect(await exited).toEqual([0, null]);
      expect(host.log.at(-1)).toMatchObject({ msg: 'ended' });
    },
  );

  test('a second signal ends it at once', async () => {
    const { host, answer } = await busyHost();
    await using _ = host;
    const exited = once(host.process, 'exit');
    host.process.kill('SIGTERM');
    while (await reachable(host.edge));
    host.process.kill('SIGTERM');
    expect(await exited).toEqual([128 + 15, null]);
    await expect(answer).rejects.toThrow(/hang up|aborted|ECONNRESET/);
    pending.pop()?.destroy();
  });
});

/** Whether a new connection is taken. */
function reachable(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
