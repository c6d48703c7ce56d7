import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { send, Wire, wholeAnswer, type Answer } from './client.ts';
import { startHost, type TestHost } from './harness.ts';
import {
  adminLine,
  BYSTANDER,
  checkBystander,
  checkDescriptors,
  checkHealth,
  descriptors,
  edgeLine,
  newTrace,
} from './health.ts';

let host: TestHost;
let before: number;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'selvedge-tenancy-'));
  started.defer(() => rm(directory, { recursive: true }));
  for (const tenant of ['a', 'b']) {
    await mkdir(join(directory, tenant));
    await writeFile(join(directory, tenant, 'own.txt'), `of ${tenant}`);
  }
  host = started.use(await startHost({ env: { OF_THE_HOST: 'host-secret' } }));
  await host.deploy(BYSTANDER, 'hello');
  for (const tenant of ['a', 'b']) {
    const grants = { poll: true, random: true, clocks: ['wall'] };
    await host.deploy(`env-${tenant}`, 'env', {
      grants: { ...grants, env: { TENANT: `secret-of-${tenant}` } },
    });
    await host.deploy(`dir-${tenant}`, 'sensors', {
      grants: { poll: true, dirs: [`${join(directory, tenant)}::/sensors:rw`] },
    });
    await host.deploy(`state-${tenant}`, 'leak', { grants: { poll: true }, isolation: 'instance' });
    await host.deploy(`fresh-${tenant}`, 'leak', { grants: { poll: true }, isolation: 'request' });
    await host.deploy(`log-${tenant}`, 'flood', { grants: { poll: true } });
  }
  for (const [name, isolation] of [
    ['fresh-memory', 'request'],
    ['shared-memory', 'instance'],
  ]) {
    await host.deploy(name as string, 'hog', { grants: { random: true }, isolation });
  }
  await checkHealth(host);
  before = await descriptors(host);
}, 120_000);
afterAll(() => started.disposeAsync());

afterEach(() => checkBystander(host));

const call = async (path: string) => (await send(`${host.edge}/fn/${path}`)).text;

/** A request to the admin API from another address of this machine, so that waits do not meet the owner. */
async function from(
  localAddress: string,
  headers: Record<string, string> = {},
  path = '/v1/functions',
): Promise<Answer> {
  const sent = request(host.admin + path, { localAddress, headers, agent: false });
  sent.end();
  return wholeAnswer(sent);
}

describe('G1: without the token there is one answer', () => {
  test('whatever is wrong with it, in all but its date and id', async () => {
    const wrong: readonly Record<string, string>[] = [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer wrong' },
      { authorization: `Bearer ${host.token.slice(0, -1)}` },
      { authorization: `Bearer ${host.token}x` },
      { authorization: `Basic ${Buffer.from(`admin:${host.token}`).toString('base64')}` },
      { authorization: host.token },
      { cookie: `token=${host.token}` },
    ];
    const answers = await Promise.all(
      wrong.map((headers, at) => from(`127.0.1.${at + 1}`, headers)),
    );
    answers.push(
      await from('127.0.1.100', {}, `/v1/functions?token=${host.token}`),
      await from('127.0.1.101', {}, '/v1/nothing'),
    );
    for (const { status, text, headers } of answers) {
      expect(status).toBe(401);
      expect(text).toBe(answers[0]?.text);
      expect(headers).toMatchObject({
        'content-type': 'application/problem+json',
        'www-authenticate': 'Bearer',
      });
    }
    expect(answers[0]?.json()).toMatchObject({ code: 'unauthorized' });
  });

  test('a token of a megabyte is refused by its size', async () => {
    using wire = await Wire.open(host.admin);
    wire.write(
      `GET /v1/functions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${'x'.repeat(1_000_000)}\r\n\r\n`,
    );
    expect(await wire.ended()).toMatch(/^HTTP\/1\.1 431 [^]*"code":"headers-too-large"/);
  });

  test('the admin API has its line in the log, without the token', async () => {
    const answer = await host.api('GET', '/v1/functions');
    expect(await adminLine(host, answer)).toMatchObject({ status: 200, path: '/v1/functions' });
    expect(JSON.stringify(host.log)).not.toContain(host.token);
  });
});

describe('G2', () => {
  test('whoever guesses has to wait; the owner elsewhere does not', async () => {
    const statuses: number[] = [];
    let last: Answer | undefined;
    for (let guess = 0; guess < 14; guess += 1)
      statuses.push(
        (last = await from('127.0.2.1', { authorization: `Bearer guess-${guess}` })).status,
      );
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
    expect(statuses.at(-1)).toBe(429);
    expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await from('127.0.2.1', { authorization: `Bearer ${host.token}` })).status).toBe(429);
    expect((await host.api('GET', '/v1/functions')).status).toBe(200);
    expect((await from('127.0.2.2', { authorization: `Bearer ${host.token}` })).status).toBe(200);
  });
});

describe('G3: a browser on a page of somebody else gets nothing', () => {
  const authorization = () => `Bearer ${host.token}`;
  test.each([
    ['another Host', { host: 'evil.example' }, 'host-refused'],
    ['another Host that ends well', { host: 'localhost.evil.example' }, 'host-refused'],
    ['another Origin', { origin: 'http://evil.example' }, 'origin-refused'],
    ['no Origin that it may name', { origin: 'null' }, 'origin-refused'],
    ['another site by fetch metadata', { 'sec-fetch-site': 'cross-site' }, 'origin-refused'],
  ] as [string, Record<string, string>, string][])('%s', async (_what, headers, code) => {
    const answer = await from('127.0.0.1', { authorization: authorization(), ...headers });
    expect([answer.status, answer.json()['code']]).toEqual([403, code]);
  });

  test('there is no CORS, no frame, no sniffing and no cache', async () => {
    const { headers } = await from('127.0.0.1', { authorization: authorization() });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });
});

describe('G4: markup stays text', () => {
  const MARKUP = '<script>alert(1)</script>';
  test('in the name of a function', async () => {
    const answer = await host.api('GET', `/v1/functions/${encodeURIComponent(MARKUP)}`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('in the path of a request', async () => {
    const answer = await send(`${host.edge}/nowhere/${MARKUP}`);
    expect([answer.status, answer.headers['content-type']]).toEqual([
      404,
      'application/problem+json',
    ]);
    expect(answer.json()).toMatchObject({ code: 'not-found' });
  });
});

describe('G5: another spelling of a path is another path', () => {
  test.each([
    '//v1/functions',
    '/v1//functions',
    '/%76%31/functions',
    '/v1%2ffunctions',
    '/v1/./functions',
    '/x/../v1/functions',
    '/x/%2e%2e/v1/functions',
    '/v1;x/functions',
    '/V1/Functions',
    '/v1/functions/',
    '/v1\\functions',
  ])('admin: %s', async (path) => {
    using wire = await Wire.open(host.admin);
    wire.write(
      `GET ${path} HTTP/1.1\r\nhost: localhost:${new URL(host.admin).port}\r\nauthorization: Bearer ${host.token}\r\nconnection: close\r\n\r\n`,
    );
    const answer = await wire.ended();
    expect(answer).toMatch(/^HTTP\/1\.1 (?:400|404) /);
    expect(answer).not.toContain(BYSTANDER);
  });

  test.each([
    '/v1/functions',
    '/fn/../v1/functions',
    '/fn',
    '/fn/',
    '//fn/state-a/count',
    '/fn//state-a/count',
    '/FN/state-a/count',
    '/fn/State-A/count',
    '/fn/state%2da/count',
    '/fn/x/../state-a/count',
    '/fn/./state-a/count',
    '/fn/state-a;x/count',
    '/fn/state-a%2fcount',
    '/fn%2fstate-a/count',
  ])('edge: %s', async (path) => {
    using wire = await Wire.open(host.edge);
    wire.write(
      `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${host.token}\r\nconnection: close\r\n\r\n`,
    );
    expect(await wire.ended()).toMatch(/^HTTP\/1\.1 404 [^]*"code":"not-found"/);
  });
});

describe('G6: a function has nothing of another, nor of the host', () => {
  test('environment', async () => {
    expect(JSON.parse(await call('env-a/env'))).toEqual({ TENANT: 'secret-of-a' });
    expect(JSON.parse(await call('env-b/env'))).toEqual({ TENANT: 'secret-of-b' });
    expect(await call('env-a/args')).not.toContain(host.data);
    expect(JSON.parse(await call('env-a/cwd'))).toBeNull();
  });

  test.each([
    '../b/own.txt',
    '/sensors/../../b/own.txt',
    '/sensors',
    '../../../../../../etc/passwd',
    '/etc/passwd',
    '/proc/self/environ',
  ])('directories: %s', async (path) => {
    const answer = await send(`${host.edge}/fn/dir-a/read?path=${encodeURIComponent(path)}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toMatch(/of b|root:|host-secret/);
  });

  test('directories: each has its own, also under one name', async () => {
    expect(await call('dir-a/sensors/own.txt')).toBe('of a');
    expect(await call('dir-b/sensors/own.txt')).toBe('of b');
    await send(`${host.edge}/fn/dir-a/symlink?target=../b/own.txt&path=link`);
    expect(await call('dir-a/read?path=link&follow=1')).not.toContain('of b');
    expect(
      (await send(`${host.edge}/fn/dir-a/link?from=../b/own.txt&to=mine`)).status,
    ).toBeGreaterThanOrEqual(400);
  });

  test('what a module keeps, though both are the same bytes', async () => {
    const counts = [];
    for (const tenant of ['a', 'a', 'b', 'a', 'b'])
      counts.push(await call(`state-${tenant}/count`));
    expect(counts).toEqual(['1\n', '2\n', '1\n', '3\n', '2\n']);
  });

  test('the log: a line is of the function that wrote it, whatever it says', async () => {
    const { traceId, headers } = newTrace();
    const forged = `{"level":"info","function":"log-b","trace_id":"${'0'.repeat(31)}1","msg":"forged"}\n`;
    await send(`${host.edge}/fn/log-a/raw?hex=${Buffer.from(forged).toString('hex')}`, {
      headers: ['traceparent', headers.traceparent],
    });
    await edgeLine(host, traceId);
    expect(host.log.filter((line) => line['msg'] === 'forged')).toEqual([]);
    const carriers = host.log.filter((line) => JSON.stringify(line).includes('forged'));
    expect(carriers).toHaveLength(1);
    expect(carriers[0]).toMatchObject({ function: 'log-a', trace_id: traceId });
  });
});

describe('G7: a request has nothing of the one before', () => {
  test('with isolation = "request" every instance is new, one after another and at once', async () => {
    for (let round = 0; round < 3; round += 1) expect(await call('fresh-a/count')).toBe('1\n');
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => call('fresh-b/count')));
    expect(new Set(atOnce)).toEqual(new Set(['1\n']));
  });

  test('resources that a request leaked are gone with it', async () => {
    for (let round = 0; round < 3; round += 1)
      expect(JSON.parse(await call('fresh-a/fields?n=9000'))).toEqual({ made: 9000 });
  });

  test('memory that one request grew is not there for the next', async () => {
    const pages = async (name: string) =>
      (JSON.parse(await call(`${name}/?mb=8`)) as { pages: number }).pages;
    const first = await pages('fresh-memory');
    expect(await pages('fresh-memory')).toBe(first);
    // With one instance for both it would be: what is asserted above can be seen.
    const shared = await pages('shared-memory');
    expect(await pages('shared-memory')).toBeGreaterThan(shared);
  });
});

test('after all of it nothing is left behind', async () => {
  await checkHealth(host);
  await checkDescriptors(host, before);
  expect(JSON.stringify(host.log)).not.toMatch(/host-secret|secret-of-/);
  expect((await readFile(join(host.data, 'admin-token'), 'utf8')).trim()).toBe(host.token);
  expect(host.log.filter((line) => line['code'] === 'internal')).toEqual([]);
});

describe("the host's own data", () => {
  test('is out of reach of a directory grant that covers it, and cannot be granted', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'selvedge-covering-'));
    await using around = new AsyncDisposableStack();
    around.defer(() => rm(directory, { recursive: true }));
    const data = join(directory, '.selvedge');
    const covering = around.use(await startHost({ data, cwd: directory }));
    await covering.deploy('reader', 'sensors', {
      grants: { poll: true, dirs: [`${directory}::/sensors:rw`] },
    });
    await writeFile(join(directory, 'free.txt'), 'free');
    const read = async (path: string) =>
      (await send(`${covering.edge}/fn/reader/read?path=${path}`)).text;
    expect(await read('free.txt')).toBe('free');
    for (const path of [
      '.selvedge/admin-token',
      './.selvedge/../.selvedge/admin-token',
      '.selvedge/owner.json',
    ]) {
      expect(await read(path)).toBe('not-permitted\n');
    }
    for (const inside of [data, join(data, 'cache')]) {
      const refused = await covering.put('thief', 'sensors', {
        grants: { poll: true, dirs: [`${inside}::/sensors`] },
      });
      expect([refused.status, await refused.json()]).toMatchObject([
        422,
        { code: 'preopen-refused' },
      ]);
    }
  });
});
