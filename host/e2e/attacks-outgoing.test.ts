import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { send, type Answer } from './client.ts';
import { startHost, type TestHost } from './harness.ts';
import {
  BYSTANDER,
  checkBystander,
  checkDescriptors,
  checkHealth,
  descriptors,
  edgeLine,
  newTrace,
} from './health.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let host: TestHost;
let upstream: Upstream;
/** Not granted to anyone but by a wildcard, which opens no loopback address. */
let secret: Upstream;
let crooked: CrookedServer;
let before: number;
/** The connections that requests came on, by the name that their path says. */
const carried = new Map<string, Set<Socket>>();
const started = new AsyncDisposableStack();

beforeAll(async () => {
  host = started.use(await startHost());
  secret = started.use(await startUpstream((_incoming, outgoing) => outgoing.end('secret')));
  upstream = started.use(
    await startUpstream((incoming, outgoing) => {
      const name = incoming.url?.slice(1) ?? '';
      carried.set(name, (carried.get(name) ?? new Set<Socket>()).add(incoming.socket));
      if (name === 'redirect') outgoing.writeHead(302, { location: `${secret.origin}/` }).end();
      else outgoing.end(`${incoming.headers.authorization ?? 'no credential'}\n`);
    }),
  );
  crooked = started.use(await CrookedServer.start());
  const own = {
    grants: { poll: true, http: [upstream.origin, crooked.origin] },
    limits: { subrequests: 20 },
  };
  await host.deploy(BYSTANDER, 'hello');
  await host.deploy('own', 'outbound', own);
  await host.deploy('other', 'outbound', own);
  await host.deploy('any', 'outbound', { grants: { poll: true, http: ['*', '*://*:*'] } });
  await host.deploy('self', 'outbound', { grants: { poll: true, http: [host.edge, host.admin] } });
  await checkHealth(host);
  before = await descriptors(host);
}, 120_000);
afterAll(() => started.disposeAsync());

afterEach(() => checkBystander(host));

/** A server that breaks HTTP in the way that the path names, and knows when its connections are over. */
class CrookedServer implements AsyncDisposable {
  readonly origin: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  closed: Promise<void> = Promise.resolve();

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => {
      this.#open.add(socket);
      this.closed = new Promise((resolve) =>
        socket.once('close', () => resolve(void this.#open.delete(socket))),
      );
      socket.on('error', () => {});
      socket.once('data', (request) =>
        misbehave(/^GET \/(\S+)/.exec(String(request))?.[1] ?? '', socket),
      );
    });
  }

  static async start(): Promise<CrookedServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CrookedServer(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function misbehave(how: string, socket: Socket): void {
  const endless = (text: string) => {
    const more = () => {
      while (socket.writable && socket.write(text.repeat(500)));
    };
    socket.on('drain', more);
    more();
  };
  const ok = 'HTTP/1.1 200 OK\r\n';
  switch (how) {
    case 'silent':
      return;
    case 'silent-body':
      return void socket.write(`${ok}content-length: 10\r\n\r\n12345`);
    case 'reset':
      return void socket.resetAndDestroy();
    case 'reset-body':
      return void socket.write(`${ok}content-length: 10\r\n\r\n12345`, () =>
        socket.resetAndDestroy(),
      );
    case 'short':
      return void socket.end(`${ok}content-length: 10\r\n\r\n12345`);
    case 'garbage':
      return void socket.end('no HTTP at all\r\n\r\n');
    case 'endless-head':
      socket.write(ok);
      return endless('x-endless: 0123456789\r\n');
    case 'both-framings':
      return void socket.end(
        `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`,
      );
    case 'bad-header':
      return void socket.end(`${ok}x-a: a\0b\r\ncontent-length: 0\r\n\r\n`);
    default:
      return endless('x');
  }
}

interface Asked {
  readonly answer: Answer;
  readonly traceId: string;
}

async function relay(name: string, url: string, more = ''): Promise<Asked> {
  const { traceId, headers } = newTrace();
  const answer = await send(`${host.edge}/fn/${name}/?url=${encodeURIComponent(url)}${more}`, {
    headers: ['traceparent', headers.traceparent],
  });
  await edgeLine(host, traceId);
  return { answer, traceId };
}

async function expectDenied(name: string, url: string): Promise<void> {
  const { answer, traceId } = await relay(name, url);
  expect([url, answer.status, answer.headers['x-error-code'], answer.text]).toEqual([
    url,
    502,
    'HTTP-request-denied',
    'HTTP-request-denied\n',
  ]);
  const denials = host.log.filter(
    (line) => line['trace_id'] === traceId && line['capability'] === 'http',
  );
  expect(denials).toHaveLength(1);
  expect(denials[0]).toMatchObject({
    level: 'warn',
    function: name,
    what: expect.any(String),
    fix: expect.any(String),
  });
}

describe('E1, E3: a wildcard opens no spelling of this machine', () => {
  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    'localhost',
  ])('%s', async (name) => {
    await expectDenied('any', `http://${name}:${secret.port}/`);
    expect(secret.count).toBe(0);
  });

  test.each([
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.0.0.1.',
    'localhost.',
    '%31%32%37.0.0.1',
    '①②⑦.0.0.1',
  ])('%s, which is no authority or a name for the same', async (name) => {
    const { answer } = await relay('any', `http://${name}:${secret.port}/`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain('secret');
    expect(secret.count).toBe(0);
  });

  test('the host itself, even where it is granted: so no function calls itself in a loop (E10)', async () => {
    await expectDenied('self', `${host.edge}/fn/self/?url=${encodeURIComponent(host.edge)}`);
    await expectDenied('self', `${host.admin}/v1/functions`);
    await expectDenied('self', host.edge.replace('127.0.0.1', '[::ffff:127.0.0.1]'));
    expect(host.log.filter((line) => line['path'] === '/fn/self/')).toHaveLength(3);
  });
});

describe('E5', () => {
  test('a redirect is handed to the guest and not followed', async () => {
    const { answer } = await relay('own', `${upstream.origin}/redirect`);
    expect([answer.status, answer.headers.location]).toEqual([302, `${secret.origin}/`]);
    expect(secret.count).toBe(0);
    await expectDenied('own', `${secret.origin}/`);
  });
});

describe('E6: what only looks like the granted origin is denied', () => {
  const port = () => upstream.port;
  test.each([
    ['another host that begins with it', () => `http://127.0.0.1.evil.invalid:${port()}/`],
    ['the default port', () => 'http://127.0.0.1/'],
    ['another scheme', () => `https://127.0.0.1:${port()}/`],
    ['another port', () => `http://127.0.0.1:${secret.port}/`],
    ['another loopback address', () => `http://127.0.0.2:${port()}/`],
    ['the name of the address', () => `http://localhost:${port()}/`],
  ])('%s', async (_what, url) => {
    const seen = upstream.count;
    await expectDenied('own', url());
    expect(upstream.count).toBe(seen);
  });

  test.each([
    ['as user information', () => `http://127.0.0.1:${port()}@evil.invalid/`],
    ['with user information', () => `http://evil.invalid@127.0.0.1:${port()}/`],
    ['with a backslash', () => `http://127.0.0.1:${port()}\\@evil.invalid/`],
    ['with a line break', () => `http://127.0.0.1:${port()}/\r\nx-injected: yes`],
    ['with a space', () => `http://127.0.0.1:${port()} .evil.invalid/`],
    ['with a trailing dot', () => `http://127.0.0.1.:${port()}/`],
  ])('%s', async (_what, url) => {
    const seen = upstream.count;
    const { answer } = await relay('own', url());
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(upstream.count).toBe(seen);
  });
});

describe('E7', () => {
  test.each([
    'connection',
    'Host',
    'http2-settings',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'proxy-connection',
    'Transfer-Encoding',
    'upgrade',
  ])('a guest cannot set %s', async (name) => {
    for (const way of ['', '&from_list=1']) {
      expect((await send(`${host.edge}/fn/own/headers?name=${name}&value=x${way}`)).json()).toEqual(
        { error: 'forbidden' },
      );
    }
  });

  test.each([
    ['x', '610d0a783a2062'],
    ['x', '00'],
    ['x%0d%0ay', '61'],
    ['', '61'],
    ['x:', '61'],
  ])('nor a header %j with the bytes %s', async (name, hex) => {
    expect(
      (await send(`${host.edge}/fn/own/headers?name=${name}&value_hex=${hex}`)).json(),
    ).toEqual({ error: 'invalid-syntax' });
  });
});

describe('E8: whatever an upstream does ends in a typed error, and its connection closed', () => {
  test.each([
    ['silent', '&first_byte_timeout_ms=200', 'connection-read-timeout'],
    ['reset', '', 'connection-terminated'],
    ['garbage', '', 'HTTP-protocol-error'],
    ['endless-head', '', 'HTTP-response-header-section-size'],
    ['both-framings', '', 'HTTP-response-transfer-coding'],
    ['bad-header', '', 'HTTP-protocol-error'],
  ])('%s', async (how, more, code) => {
    const { answer } = await relay('own', `${crooked.origin}/${how}`, more);
    expect([answer.status, answer.headers['x-error-code']]).toEqual([502, code]);
    await crooked.closed;
  });

  test.each([
    ['silent-body', '&between_bytes_timeout_ms=200'],
    ['reset-body', ''],
    ['short', ''],
  ])('%s breaks off the answer that has begun', async (how, more) => {
    await expect(relay('own', `${crooked.origin}/${how}`, more)).rejects.toThrow(
      /aborted|hang up|ECONNRESET/,
    );
    await crooked.closed;
  });
});

describe('E9', () => {
  test('functions share no connection and no credential', async () => {
    const token = ['x-relay-authorization', 'Bearer of-one-function'];
    const first = await send(
      `${host.edge}/fn/own/?url=${encodeURIComponent(`${upstream.origin}/own`)}`,
      { headers: token },
    );
    expect(first.text).toBe('Bearer of-one-function\n');
    for (const name of ['own', 'other', 'own', 'other']) {
      expect((await relay(name, `${upstream.origin}/${name}`)).answer.text).toBe('no credential\n');
    }
    const [own, other] = [carried.get('own') ?? new Set(), carried.get('other') ?? new Set()];
    expect(own.size).toBeGreaterThan(0);
    expect(other.size).toBeGreaterThan(0);
    expect(own.isDisjointFrom(other)).toBe(true);
  });
});

describe('E10', () => {
  test('a request sends no more than its limit, however many it asks for at once', async () => {
    const seen = upstream.count;
    const fan = await send(
      `${host.edge}/fn/own/fan?n=500&url=${encodeURIComponent(`${upstream.origin}/fan`)}`,
    );
    expect(fan.json()).toMatchObject({ ok: 20 });
    expect(upstream.count - seen).toBe(20);
  });
});

test('after all of it nothing is left behind', async () => {
  await checkHealth(host);
  // Connections that are kept for the next request of the same function (E9) count as left; a new version closes them.
  for (const name of ['own', 'other']) await host.deploy(name, 'hello');
  await checkDescriptors(host, before);
  expect(host.log.filter((line) => line['code'] === 'internal')).toEqual([]);
});
