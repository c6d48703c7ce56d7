import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { begin, responseOf, send, wholeAnswer, type Sent } from './client.ts';
import { fixture, startHost, type TestHost } from './harness.ts';
import { startUpstream, type Upstream } from './upstream.ts';

// Whole processes start in here, and machines are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly fix: string;
  readonly refusals?: readonly {
    readonly import: string;
    readonly functions: readonly string[];
    readonly message: string;
  }[];
}

let host: TestHost;
let upstream: Upstream;
let folder: string;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'selvedge-grants-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'in'));
  await mkdir(join(folder, 'out'));
  await writeFile(join(folder, 'in', 'a.txt'), 'what a sensor said');
  await writeFile(join(folder, 'secret.txt'), 'not granted');
  upstream = started.use(
    await startUpstream((_incoming, outgoing) => void outgoing.end('upstream')),
  );
  host = started.use(await startHost({ cwd: folder }));
});
afterAll(() => started.disposeAsync());

/** A request, and what was logged of it beside its line of access. */
async function traced(url: string, sent: Sent = {}) {
  const trace = randomBytes(16).toString('hex');
  const answer = await send(url, {
    ...sent,
    headers: [
      ...(sent.headers ?? []),
      'traceparent',
      `00-${trace}-${randomBytes(8).toString('hex')}-01`,
    ],
  });
  await host.logged(
    (line) => line['trace_id'] === trace && line['msg'] === 'request',
    `the line of the request to ${url}`,
  );
  return {
    answer,
    denials: host.log.filter(
      (line) => line['trace_id'] === trace && line['msg'] === 'denied: outside of the grants',
    ),
  };
}

describe('a module that imports more than its grants cover is refused with the line that would add it', () => {
  const http = () => [upstream.origin];
  const cases: [
    string,
    string,
    string,
    () => Record<string, unknown>,
    () => Record<string, unknown>,
    string,
  ][] = [
    ['poll', 'echo', 'wasi:io/poll', () => ({}), () => ({ poll: true }), 'add poll = true'],
    [
      'random',
      'hog',
      'wasi:random/random',
      () => ({}),
      () => ({ random: true }),
      'add random = true',
    ],
    [
      'the wall clock',
      'env',
      'wasi:clocks/wall-clock',
      () => ({ random: true }),
      () => ({ random: true, clocks: ['wall'] }),
      'add clocks = ["wall"]',
    ],
    [
      'http',
      'outbound',
      'wasi:http/outgoing-handler',
      () => ({ poll: true }),
      () => ({ poll: true, http: http() }),
      'add http = ["https://api.example.com"]',
    ],
  ];

  test.each(cases)('%s', async (_what, module, name, without, with_, line) => {
    const refused = await host.put('refused', module, { grants: without() });
    expect(refused.status).toBe(422);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await refused.json()) as Problem;
    expect(problem.code).toBe('grants-missing');
    expect(problem.detail).toMatch(
      new RegExp(
        `imports ${name} \\([a-z0-9., \\[\\]-]+\\), which no grant covers: ${line.replaceAll(/[[\]"().=]/g, '\\$&')}`,
      ),
    );
    expect(problem.fix).toContain(line);
    expect(problem.refusals?.map((each) => each.import.replace(/@.*/, ''))).toEqual([name]);
    expect((await host.api('GET', '/v1/functions/refused')).status).toBe(404);
    const { grants } = await host.deploy('accepted', module, { grants: with_() });
    expect(grants).toMatchObject(with_());
    expect((await host.api('DELETE', '/v1/functions/accepted')).status).toBe(204);
  });

  test('all that is missing is named at once', async () => {
    const problem = (await (await host.put('refused', 'env')).json()) as Problem;
    expect(problem.refusals?.map((each) => each.import.replace(/@.*/, '')).toSorted()).toEqual([
      'wasi:clocks/wall-clock',
      'wasi:random/insecure',
      'wasi:random/insecure-seed',
      'wasi:random/random',
    ]);
    expect(problem.fix.match(/random = true/g)).toHaveLength(1);
  });

  test('what every program of a standard library imports needs no grant', async () => {
    for (const module of ['hello', 'sensors', 'compute', 'flood', 'trap']) {
      expect(await host.deploy('plain', module)).toMatchObject({
        name: 'plain',
        lane: 'http-0.2',
        binder: 'jco',
      });
    }
  });
});

describe('what is granted works, and what is not fails inside the guest with the WASI error and one log line', () => {
  test('dirs: nothing at first', async () => {
    await host.deploy('bare', 'sensors');
    expect(await send(`${host.edge}/fn/bare/preopens`)).toMatchObject({
      status: 200,
      text: '[]\n',
    });
    expect((await send(`${host.edge}/fn/bare/sensors`)).status).toBe(503);
  });

  test('dirs: read-only', async () => {
    await host.deploy('reader', 'sensors', { grants: { dirs: ['./in::/sensors:ro'] } });
    expect((await send(`${host.edge}/fn/reader/sensors/a.txt`)).text).toBe('what a sensor said');
    expect((await send(`${host.edge}/fn/reader/sensors`)).json()).toEqual([
      { name: 'a.txt', type: 'regular-file', size: 18 },
    ]);
    const { answer, denials } = await traced(`${host.edge}/fn/reader/sensors/b.txt`, {
      method: 'PUT',
      body: 'x',
    });
    expect(answer).toMatchObject({ status: 403, text: 'read-only\n' });
    expect(denials).toHaveLength(1);
    expect(denials[0]).toMatchObject({ capability: 'filesystem', level: 'warn' });
    expect(
      await readFile(join(folder, 'in', 'b.txt'), 'utf8').catch(
        (error: NodeJS.ErrnoException) => error.code,
      ),
    ).toBe('ENOENT');
  });

  test('dirs: outside', async () => {
    for (const path of ['../secret.txt', '/etc/passwd', './.././secret.txt']) {
      const { answer, denials } = await traced(
        `${host.edge}/fn/reader/read?path=${encodeURIComponent(path)}`,
      );
      expect([path, answer.status, answer.text]).toEqual([path, 403, 'not-permitted\n']);
      expect(denials).toHaveLength(1);
    }
  });

  test('dirs: read-write, within the quota', async () => {
    await host.deploy('writer', 'sensors', {
      grants: { dirs: ['./out::/sensors:rw,quota=64KiB,files=3'] },
    });
    const put = (name: string, bytes: number) =>
      send(`${host.edge}/fn/writer/sensors/${name}`, { method: 'PUT', body: 'x'.repeat(bytes) });
    expect(await put('one', 40_000)).toMatchObject({ status: 200, text: '{"written":40000}\n' });
    expect(await readFile(join(folder, 'out', 'one'), 'utf8')).toBe('x'.repeat(40_000));
    expect((await put('two', 40_000)).status).toBe(507);
    expect((await send(`${host.edge}/fn/writer/sensors/two`, { method: 'DELETE' })).text).toBe(
      'removed\n',
    );
    expect((await put('two', 100)).status).toBe(200);
    expect((await put('three', 1)).status).toBe(200);
    const over = await put('four', 1);
    expect([over.status, over.text]).toEqual([507, 'quota\n']);
  });

  test('env', async () => {
    const grants = { random: true, clocks: ['wall'] };
    await host.deploy('env', 'env', { grants });
    expect((await send(`${host.edge}/fn/env/env`)).json()).toEqual({});
    await host.deploy('env', 'env', {
      grants: { ...grants, env: { SITE: 'north', EMPTY: '', TEXT: 'a=b "c" é' } },
    });
    expect((await send(`${host.edge}/fn/env/env`)).json()).toEqual({
      SITE: 'north',
      EMPTY: '',
      TEXT: 'a=b "c" é',
    });
    expect((await send(`${host.edge}/fn/env/cwd`)).text.trim()).toBe('null');
    expect((await send(`${host.edge}/fn/env/stdin`)).text).toBe('');
    expect((await send(`${host.edge}/fn/env/terminal`)).json()).toEqual({
      stdin: false,
      stdout: false,
      stderr: false,
    });
  });

  test('the wall clock, and a coarser resolution', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { seconds } = (await send(`${host.edge}/fn/env/wall`)).json<{ seconds: number }>();
    expect(seconds).toBeGreaterThanOrEqual(before);
    expect(seconds).toBeLessThanOrEqual(Date.now() / 1000);
    await host.deploy('coarse', 'env', {
      grants: { random: true, clocks: { wall: true, resolution: '1ms' } },
    });
    const { now, later } = (await send(`${host.edge}/fn/coarse/monotonic`)).json<{
      now: number;
      later: number;
    }>();
    expect([now % 1_000_000, later % 1_000_000]).toEqual([0, 0]);
    expect((await send(`${host.edge}/fn/coarse/clock-resolution`)).json()).toEqual({
      wall: { seconds: 0, nanoseconds: 1_000_000 },
      monotonic_ns: 1_000_000,
    });
  });

  test('random', async () => {
    const draws = await Promise.all([1, 2, 3].map(() => send(`${host.edge}/fn/env/random?len=16`)));
    for (const { text } of draws) expect(text).toMatch(/^[0-9a-f]{32}\n$/);
    expect(new Set(draws.map(({ text }) => text)).size).toBe(3);
  });

  test('poll: timers and a request in one call', async () => {
    await host.deploy('poll', 'poll', { grants: { poll: true, http: [upstream.origin] } });
    const { events } = (
      await send(`${host.edge}/fn/poll/?timers=30,10&url=${encodeURIComponent(upstream.origin)}`)
    ).json<{
      events: { name: string; status?: number; elapsed_ms: number }[];
    }>();
    expect(events.map(({ name }) => name).toSorted()).toEqual(['http', 'timer-10', 'timer-30']);
    expect(events.find(({ name }) => name === 'http')?.status).toBe(200);
    for (const { name, elapsed_ms } of events)
      if (name !== 'http') expect(elapsed_ms).toBeGreaterThanOrEqual(Number(name.slice(6)));
  });

  test('http: the origin that is granted, and no other', async () => {
    await host.deploy('outbound', 'outbound', { grants: { poll: true, http: [upstream.origin] } });
    const relay = (url: string) =>
      traced(`${host.edge}/fn/outbound/?url=${encodeURIComponent(url)}`);
    expect(await relay(`${upstream.origin}/x`)).toMatchObject({
      answer: { status: 200, text: 'upstream' },
      denials: [],
    });
    const seen = upstream.count;
    const { port } = upstream;
    for (const url of [
      `http://127.0.0.2:${port}/`,
      `http://localhost:${port}/`,
      `https://127.0.0.1:${port}/`,
      `http://127.0.0.1:${port + 1}/`,
      'http://a.invalid/',
      host.admin,
    ]) {
      const { answer, denials } = await relay(url);
      expect([url, answer.status, answer.headers['x-error-code']]).toEqual([
        url,
        502,
        'HTTP-request-denied',
      ]);
      expect(denials).toHaveLength(1);
      expect(denials[0]).toMatchObject({ capability: 'http', level: 'warn' });
    }
    expect(upstream.count).toBe(seen);
  });

  test('http: the host’s own ports are not reached even where a grant names them', async () => {
    await host.deploy('self', 'outbound', {
      grants: { poll: true, http: [host.admin, host.edge] },
    });
    for (const url of [`${host.admin}/healthz`, `${host.edge}/fn/env/env`]) {
      const { answer, denials } = await traced(
        `${host.edge}/fn/self/?url=${encodeURIComponent(url)}`,
      );
      expect([url, answer.headers['x-error-code']]).toEqual([url, 'HTTP-request-denied']);
      expect(denials).toHaveLength(1);
    }
  });

  test('a grant that cannot be given is refused when it is asked for', async () => {
    for (const [grants, says] of [
      [{ dirs: ['./absent::/sensors'] }, /absent/],
      [{ dirs: ['./secret.txt::/sensors'] }, /secret\.txt/],
      [{ http: ['https://a.example/path'] }, /path/],
      [{ clocks: ['wal'] }, /wall/],
      [{ polls: true }, /poll/],
    ] as const) {
      const refused = await host.put('refused', 'hello', { grants });
      const problem = (await refused.json()) as Problem;
      expect([refused.status, problem.code]).toEqual([400, 'config-invalid']);
      expect(`${problem.detail} ${problem.fix}`).toMatch(says);
    }
  });
});

describe('limits', () => {
  const deploy = (
    name: string,
    module: string,
    limits: Record<string, unknown>,
    grants: Record<string, unknown> = { poll: true },
  ) => host.deploy(name, module, { limits, grants });
  const problemAt = async (path: string, sent: Parameters<typeof send>[1] = {}) => {
    const answer = await send(`${host.edge}/fn/${path}`, sent);
    return {
      status: answer.status,
      headers: answer.headers,
      ...answer.json<{ code: string; fix: string }>(),
    };
  };

  test('timeout', async () => {
    await deploy('limited', 'poll', { timeout: '100ms' }, { poll: true, http: [upstream.origin] });
    expect(await problemAt('limited/sleep?ms=60000')).toMatchObject({
      status: 504,
      code: 'timeout',
      fix: expect.stringContaining('limits.timeout'),
    });
    expect((await send(`${host.edge}/fn/limited/sleep?ms=1`)).status).toBe(200);
  });

  test('body, declared or in chunks', async () => {
    await deploy('limited', 'echo', { body: '64KiB' });
    expect(
      (await send(`${host.edge}/fn/limited/`, { method: 'POST', body: Buffer.alloc(65_536) })).body,
    ).toHaveLength(65_536);
    const declared = await problemAt('limited/', { method: 'POST', body: Buffer.alloc(65_537) });
    expect(declared).toMatchObject({
      status: 413,
      code: 'body-too-large',
      fix: expect.stringContaining('limits.body'),
    });
    await deploy('limited', 'sensors', { body: '64KiB' }, { dirs: ['./out::/sensors:rw'] });
    const chunked = begin(`${host.edge}/fn/limited/sensors/large`, { method: 'PUT' });
    const answer = wholeAnswer(chunked);
    for (let sent = 0; sent < 10; sent += 1) chunked.write(Buffer.alloc(16_384));
    chunked.end();
    expect(await answer).toMatchObject({
      status: 413,
      text: expect.stringContaining('"body-too-large"'),
    });
  });

  test('concurrency: one too many is told when to come again', async () => {
    await deploy('limited', 'echo', { concurrency: 2 });
    const url = `${host.edge}/fn/limited/`;
    const held = [begin(url), begin(url)];
    for (const sent of held) sent.flushHeaders();
    // Echo answers before it has the body, and is busy until the body ends.
    const responses = await Promise.all(held.map(responseOf));
    const busy = await send(url);
    expect(busy.json()).toMatchObject({
      status: 503,
      code: 'function-busy',
      fix: expect.stringContaining('limits.concurrency'),
    });
    expect(Number(busy.headers['retry-after'])).toBeGreaterThan(0);
    for (const sent of held) sent.end();
    await Promise.all(responses.map((response) => once(response.resume(), 'end')));
    await expect.poll(async () => (await send(url)).status).toBe(200);
  });

  test('memory: growing beyond gives -1, and too little to start with is refused', async () => {
    await deploy('limited', 'hog', { memory: '16MiB' }, { random: true });
    const grown = (await send(`${host.edge}/fn/limited/?mb=64`)).json<{
      wanted_mb: number;
      got_mb: number;
      pages: number;
    }>();
    expect(grown.wanted_mb).toBe(64);
    expect(grown.got_mb).toBeGreaterThan(8);
    expect(grown.pages).toBeLessThanOrEqual(256);
    expect((await send(`${host.edge}/fn/limited/?mb=2`)).json()).toMatchObject({ got_mb: 2 });
    const refused = await host.put('refused', 'hog', {
      grants: { random: true },
      limits: { memory: '128KiB' },
    });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      code: 'memory-too-large',
      fix: expect.stringContaining('limits.memory'),
    });
  });

  test('headers, their number and their bytes', async () => {
    await deploy('limited', 'crooked', { headers: '2KiB', headerCount: 20 });
    expect((await send(`${host.edge}/fn/limited/many-headers?n=10`)).text).toBe('ok\n');
    for (const path of ['limited/many-headers?n=30', 'limited/big-header?bytes=4000']) {
      const { status, text } = await send(`${host.edge}/fn/${path}`);
      expect([path, status === 500 || text === 'refused\n']).toEqual([path, true]);
    }
    const many = Array.from({ length: 42 }, (_, at) => (at % 2 === 0 ? `x-${at}` : 'v'));
    expect(await problemAt('limited/', { headers: many })).toMatchObject({
      status: 431,
      code: 'headers-too-large',
      fix: expect.stringContaining('limits.headerCount'),
    });
    expect(await problemAt('limited/', { headers: ['x-big', 'v'.repeat(3000)] })).toMatchObject({
      status: 431,
      code: 'headers-too-large',
      fix: expect.stringContaining('limits.headers'),
    });
    expect((await send(`${host.edge}/fn/limited/`)).status).toBe(200);
  });

  test('handles', async () => {
    await deploy('limited', 'leak', { handles: 100 });
    expect((await send(`${host.edge}/fn/limited/fields?n=50`)).json()).toEqual({ made: 50 });
    expect(await problemAt('limited/fields?n=200')).toMatchObject({
      status: 500,
      code: 'limit-exceeded',
      fix: expect.stringContaining('limits.handles'),
    });
    expect((await send(`${host.edge}/fn/limited/fields?n=50`)).status).toBe(200);
  });

  test('copy', async () => {
    await deploy('limited', 'hog', { copy: '64KiB' }, { random: true });
    expect((await send(`${host.edge}/fn/limited/list?len=65536`)).json()).toEqual({ len: 65_536 });
    expect(await problemAt('limited/list?len=65537')).toMatchObject({
      status: 500,
      code: 'limit-exceeded',
      fix: expect.stringContaining('limits.copy'),
    });
  });

  test('subrequests', async () => {
    await deploy(
      'limited',
      'outbound',
      { subrequests: 3 },
      { poll: true, http: [upstream.origin] },
    );
    const seen = upstream.count;
    const url = encodeURIComponent(upstream.origin);
    const { ok, results } = (await send(`${host.edge}/fn/limited/fan?n=5&url=${url}`)).json<{
      ok: number;
      results: string[];
    }>();
    expect([ok, results.length, upstream.count - seen]).toEqual([3, 5, 3]);
    expect((await send(`${host.edge}/fn/limited/fan?n=3&url=${url}`)).json()).toMatchObject({
      ok: 3,
    });
  });

  test('files', async () => {
    await deploy('limited', 'sensors', { files: 10 }, { dirs: ['./in::/sensors'] });
    const { opened, error } = (
      await send(`${host.edge}/fn/limited/open-many?path=a.txt&n=50`)
    ).json<{ opened: number; error: string }>();
    expect(opened).toBeLessThanOrEqual(10);
    expect(error).not.toBeNull();
    expect((await send(`${host.edge}/fn/limited/sensors/a.txt`)).status).toBe(200);
  });

  test('response', async () => {
    await deploy('limited', 'echo', { response: '64KiB' });
    expect(
      (await send(`${host.edge}/fn/limited/`, { method: 'POST', body: Buffer.alloc(60_000) })).body,
    ).toHaveLength(60_000);
    await expect(
      send(`${host.edge}/fn/limited/`, { method: 'POST', body: Buffer.alloc(500_000) }),
    ).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    expect((await send(`${host.edge}/fn/limited/`)).status).toBe(200);
  });

  test('log: lines are the function’s own, and no more than the limit', async () => {
    await deploy('limited', 'flood', { log: '4KiB', logTotal: '4KiB' }, {});
    const from = host.log.length;
    expect((await traced(`${host.edge}/fn/limited/stdout?bytes=1000000`)).answer.json()).toEqual({
      written: 1_000_000,
    });
    const lines = host.log
      .slice(from)
      .filter((line) => line['function'] === 'limited' && line['stream'] === 'stdout');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.length).toBeLessThan(100);
    expect(host.noise).toEqual([]);
  });
});

describe('the flags of serve FILE.wasm', () => {
  test('grant and limit as the configuration does', async () => {
    await using single = await startHost({
      args: [
        fixture('env'),
        '--env',
        'SITE=north',
        '--env',
        'FROM_CALLER',
        '--random',
        '--clock',
        'wall',
        '--timeout',
        '5s',
        '--memory',
        '32MiB',
      ],
      env: { FROM_CALLER: 'yes', NOT_NAMED: 'no' },
    });
    expect((await send(`${single.edge}/env`)).json()).toEqual({
      SITE: 'north',
      FROM_CALLER: 'yes',
    });
    expect((await send(`${single.edge}/random-u64`)).text).toMatch(/^\d+\n$/);
    expect((await send(`${single.edge}/wall`)).status).toBe(200);
  });

  test('give directories, polling, a time limit and outgoing requests', async () => {
    await using sensors = await startHost({
      args: [fixture('sensors'), '--dir', './in::/sensors'],
      cwd: folder,
    });
    expect((await send(`${sensors.edge}/sensors/a.txt`)).text).toBe('what a sensor said');
    expect((await send(`${sensors.edge}/sensors/a.txt`, { method: 'DELETE' })).text).toBe(
      'read-only\n',
    );
    await using poll = await startHost({
      args: [fixture('poll'), '--poll', '--allow-http', upstream.origin, '--timeout', '300ms'],
    });
    expect(
      (await send(`${poll.edge}/?timers=1&url=${encodeURIComponent(upstream.origin)}`)).json(),
    ).toMatchObject({ events: expect.any(Array) });
    expect((await send(`${poll.edge}/sleep?ms=60000`)).json()).toMatchObject({
      code: 'timeout',
      status: 504,
    });
  });
});
