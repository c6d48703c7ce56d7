import { once } from 'node:events';
import {
  Agent,
  METHODS,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { begin, responseOf, send, valuesOf, wholeAnswer, Wire } from './client.ts';
import { residentBytes, startHost, type TestHost } from './harness.ts';
import { startUpstream, type Upstream } from './upstream.ts';

// Whole processes start in here, and machines are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let host: TestHost;
let upstream: Upstream;
/** What the upstream does with the next request. */
let answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  host = started.use(await startHost());
  upstream = started.use(await startUpstream((incoming, outgoing) => answer(incoming, outgoing)));
  await host.deploy('hello', 'hello');
  await host.deploy('echo', 'echo', { grants: { poll: true } });
  await host.deploy('poll', 'poll', { grants: { poll: true, http: [upstream.origin] } });
  await host.deploy('outbound', 'outbound', { grants: { poll: true, http: [upstream.origin] } });
  await host.deploy('crooked', 'crooked', { grants: { poll: true } });
  await host.deploy('fresh', 'leak', { grants: { poll: true } });
  await host.deploy('shared', 'leak', { grants: { poll: true }, isolation: 'instance' });
});
afterAll(() => started.disposeAsync());

const relay = () => `${host.edge}/fn/outbound/?url=${encodeURIComponent(`${upstream.origin}/up`)}`;

describe('messages', () => {
  test('the body of the response comes while that of the request still goes', async () => {
    const sent = begin(`${host.edge}/fn/echo/`);
    sent.write('one');
    const response = await responseOf(sent);
    expect(String((await once(response, 'data'))[0])).toBe('one');
    for (const part of ['two', 'three']) {
      sent.write(part);
      expect(String((await once(response, 'data'))[0])).toBe(part);
    }
    sent.end();
    await once(response, 'end');
    expect(valuesOf(response.rawTrailers, 'x-echo-bytes')).toEqual(['11']);
  });

  test('trailers reach the guest, and those of the guest the client', async () => {
    const sent = begin(`${host.edge}/fn/echo/`, { headers: ['trailer', 'x-checksum'] });
    sent.write('body');
    sent.addTrailers([
      ['x-checksum', 'abc'],
      ['x-checksum', 'def'],
    ]);
    sent.end();
    const { rawTrailers, text } = await wholeAnswer(sent);
    expect(text).toBe('body');
    expect(valuesOf(rawTrailers, 'x-checksum')).toEqual(['abc', 'def']);
    expect(valuesOf(rawTrailers, 'x-echo-bytes')).toEqual(['4']);
  });

  test('repeated headers survive both ways, in their order', async () => {
    const pairs = ['x-a', '1', 'x-b', '2', 'x-a', '3', 'x-b', '', 'x-a', '1'];
    const { rawHeaders } = await send(`${host.edge}/fn/echo/`, { headers: pairs });
    expect(rawHeaders.filter((_, at) => /^x-[ab]$/.test(rawHeaders[at - (at % 2)] ?? ''))).toEqual(
      pairs,
    );
  });

  test('repeated headers of an upstream survive the way through the guest', async () => {
    answer = (incoming, outgoing) => {
      outgoing.writeHead(200, [
        'set-cookie',
        'a=1; Path=/',
        'x-one',
        '1',
        'set-cookie',
        'b=2, c=3',
      ]);
      outgoing.end(valuesOf(incoming.rawHeaders, 'accept').join('|'));
    };
    const { rawHeaders, text } = await send(relay(), {
      headers: ['x-relay-accept', 'a/b', 'x-relay-accept', 'c/d'],
    });
    expect(valuesOf(rawHeaders, 'set-cookie')).toEqual(['a=1; Path=/', 'b=2, c=3']);
    expect(text).toBe('a/b|c/d');
  });

  test('every method that Node parses reaches the guest as it is', async () => {
    const seen = new Map<string, unknown>();
    for (const method of METHODS.filter((each) => each !== 'CONNECT')) {
      const { status, headers } = await send(`${host.edge}/fn/echo/`, { method });
      seen.set(method, status === 200 ? headers['x-echo-method'] : status);
    }
    expect(seen.size).toBeGreaterThan(30);
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries([...seen.keys()].map((method) => [method, method])),
    );
  });

  test('CONNECT is refused, and the next request is served', async () => {
    using wire = await Wire.open(host.edge);
    wire.write('CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n');
    expect(await wire.ended()).toMatch(/^HTTP\/1\.1 501 .*"code":"method-not-supported"/s);
    expect((await send(`${host.edge}/fn/hello/`)).status).toBe(200);
  });

  test('path and query reach the guest as they are on the wire', async () => {
    const path = '/a%2Fb/%C3%A9/./c//d;e=f?q=%20+&q=2&&';
    using wire = await Wire.open(host.edge);
    wire.write(`GET /fn/echo${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(await wire.ended()).toContain(`x-echo-path: ${path}\r\n`);
  });

  test.each([204, 304])('%i has no body on the wire, and the connection goes on', async (code) => {
    using wire = await Wire.open(host.edge);
    wire.write(`GET /fn/crooked/status-body?code=${code} HTTP/1.1\r\nhost: x\r\n\r\n`);
    await wire.until('\r\n\r\n');
    wire.write('GET /fn/hello/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const [first, second] = (await wire.ended()).split('\r\n\r\n');
    expect(first).toMatch(new RegExp(`^HTTP/1\\.1 ${code} `));
    expect(first).not.toMatch(/transfer-encoding/i);
    expect(second).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('HEAD has the headers of GET and no body, and the connection goes on', async () => {
    using wire = await Wire.open(host.edge);
    wire.write('HEAD /fn/crooked/head HTTP/1.1\r\nhost: x\r\n\r\n');
    await wire.until('\r\n\r\n');
    wire.write('GET /fn/hello/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const [first, second] = (await wire.ended()).split('\r\n\r\n');
    expect(first).toMatch(/^HTTP\/1\.1 200 /);
    expect(first).toMatch(/content-length: 5/i);
    expect(second).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('100 Continue is sent when the guest asks for the body', async () => {
    using wire = await Wire.open(host.edge);
    wire.write(
      'POST /fn/echo/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\nconnection: close\r\n\r\n',
    );
    await wire.until('\r\n\r\n');
    wire.write('body');
    expect(await wire.ended()).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 .*body\r\n/s,
    );
  });

  test('100 Continue is not sent for a body that is refused', async () => {
    await host.deploy('small', 'echo', { grants: { poll: true }, limits: { body: '1KiB' } });
    for (const [path, length, status] of [
      ['crooked/error-code', 4, 500],
      ['small/', 5000, 413],
      ['absent/', 4, 404],
    ] as const) {
      using wire = await Wire.open(host.edge);
      wire.write(
        `POST /fn/${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`,
      );
      expect(await wire.ended()).toMatch(
        new RegExp(`^HTTP/1\\.1 ${status} .*connection: close`, 's'),
      );
    }
  });
});

describe('a connection', () => {
  test('is used again after an error of the guest, of the host and of the route', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const seen: [number, boolean][] = [];
      for (const path of [
        'hello/',
        'crooked/never',
        'hello/',
        'crooked/error-code?error=DNS-timeout',
        'absent/',
        'hello/',
      ]) {
        const { status, reused } = await send(`${host.edge}/fn/${path}`, { agent });
        seen.push([status, reused]);
      }
      expect(seen.map(([status]) => status)).toEqual([200, 500, 200, 500, 404, 200]);
      expect(seen.map(([, reused]) => reused)).toEqual([false, true, true, true, true, true]);
    } finally {
      agent.destroy();
    }
  });

  test('carries pipelined requests, answered in their order', async () => {
    using wire = await Wire.open(host.edge);
    const paths = ['/fn/poll/sleep?ms=50', '/fn/echo/second', '/fn/absent/', '/fn/echo/fourth'];
    wire.write(
      paths
        .map(
          (path, at) =>
            `GET ${path} HTTP/1.1\r\nhost: x\r\n${at === 3 ? 'connection: close\r\n' : ''}\r\n`,
        )
        .join(''),
    );
    const found = (await wire.ended()).match(/slept_ms|x-echo-path: \S+|"code":"[a-z-]+"/g);
    expect(found).toEqual([
      'slept_ms',
      'x-echo-path: /second',
      '"code":"not-found"',
      'x-echo-path: /fourth',
    ]);
  });
});

describe('a client that leaves', () => {
  const gone = (since: number, path: string) =>
    host.logged(
      (line) =>
        host.log.indexOf(line) >= since &&
        line['code'] === 'client-gone' &&
        line['function'] === 'outbound',
      `client-gone of ${path}`,
    );

  test('in the middle of its request ends the guest and its outgoing request', async () => {
    const since = host.log.length;
    const arrived = Promise.withResolvers<IncomingMessage>();
    answer = (incoming) => {
      incoming.on('error', () => {});
      incoming.resume();
      arrived.resolve(incoming);
    };
    const sent = begin(relay());
    sent.write('the first part');
    const incoming = await arrived.promise;
    sent.destroy();
    await closed(incoming.socket);
    await gone(since, 'a request cut short');
    expect((await send(`${host.edge}/fn/hello/`)).status).toBe(200);
  });

  test('before the response ends the guest and its outgoing request', async () => {
    const since = host.log.length;
    const arrived = Promise.withResolvers<IncomingMessage>();
    answer = (incoming) => arrived.resolve(incoming);
    const sent = begin(relay(), { method: 'GET' });
    sent.end();
    const incoming = await arrived.promise;
    sent.destroy();
    await closed(incoming.socket);
    await gone(since, 'a response not waited for');
    expect((await send(`${host.edge}/fn/hello/`)).status).toBe(200);
  });

  test('in the middle of the response ends the guest and its outgoing request', async () => {
    const since = host.log.length;
    const arrived = Promise.withResolvers<IncomingMessage>();
    answer = (incoming, outgoing) => {
      outgoing.write('the first part');
      arrived.resolve(incoming);
    };
    const sent = begin(relay(), { method: 'GET' });
    sent.end();
    const response = await responseOf(sent);
    response.on('error', () => {});
    await once(response, 'data');
    const incoming = await arrived.promise;
    sent.destroy();
    await closed(incoming.socket);
    await gone(since, 'a response cut short');
    expect(
      (await host.api('GET', '/v1/functions/outbound').then((each) => each.json())) as object,
    ).toMatchObject({ inFlight: 0, instances: 0 });
  });
});

/** A body that is cut short is an error of the upstream's parser, and expected. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

describe('back-pressure', () => {
  const MIB = 2 ** 20;
  const TOTAL = (process.env['SELVEDGE_E2E_FULL'] === '0' ? 256 : 1024) * MIB;

  test('a client that reads nothing stops the one that sends: little is buffered on the way', async () => {
    const sent = begin(`${host.edge}/fn/echo/`);
    const response = responseOf(sent);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let written = 0;
    // Socket buffers of two connections included; what is taken beyond would be the host's memory.
    while (written < 64 * MIB) {
      written += chunk.length;
      if (!sent.write(chunk) && !(await drainedWithin(sent, 1000))) break;
    }
    expect(written).toBeLessThan(64 * MIB);
    (await response).on('error', () => {});
    sent.destroy();
  });

  test(
    'resident memory stays flat while a gigabyte streams through echo to a slow reader',
    { timeout: 180_000 },
    async () => {
      const chunk = Buffer.alloc(256 * 1024, 'x');
      const stream = async (bytes: number, sample: () => Promise<void>) => {
        const sent = begin(`${host.edge}/fn/echo/`);
        const answered = responseOf(sent);
        const writing = (async () => {
          for (let left = bytes; left > 0; left -= chunk.length)
            if (!sent.write(chunk)) await once(sent, 'drain');
          sent.end();
        })();
        const response = await answered;
        let received = 0;
        let next = 0;
        for await (const part of response) {
          received += (part as Buffer).length;
          if (received < next) continue;
          // The reader is the slow side: it stops at every 16 MiB, while the sender goes on as far as it may.
          next += 16 * MIB;
          await new Promise((resolve) => setTimeout(resolve, 20));
          await sample();
        }
        await writing;
        expect(valuesOf(response.rawTrailers, 'x-echo-bytes')).toEqual([String(bytes)]);
        return received;
      };
      await stream(64 * MIB, async () => {});
      const before = await residentBytes(host.pid);
      let highest = before;
      const { value, ms } = await timed(() =>
        stream(TOTAL, async () => {
          highest = Math.max(highest, await residentBytes(host.pid));
        }),
      );
      const mib = (bytes: number) => Math.round(bytes / MIB);
      console.log(
        `${mib(TOTAL)} MiB through echo in ${Math.round(ms)} ms; resident ${mib(before)} MiB before, ${mib(highest)} MiB at most`,
      );
      expect(value).toBe(TOTAL);
      expect(highest - before).toBeLessThan(100 * MIB);
    },
  );
});

async function drainedWithin(sent: ClientRequest, ms: number): Promise<boolean> {
  const signal = AbortSignal.timeout(ms);
  return once(sent, 'drain', { signal }).then(
    () => true,
    (thrown: Error) => {
      if (thrown.name === 'AbortError') return false;
      throw thrown;
    },
  );
}

describe('instances', () => {
  const count = async (name: string) => (await send(`${host.edge}/fn/${name}/count`)).text;

  test('are fresh for each request by default', async () => {
    expect([await count('fresh'), await count('fresh'), await count('fresh')]).toEqual([
      '1\n',
      '1\n',
      '1\n',
    ]);
  });

  test('are used again with isolation = "instance", by one request at a time', async () => {
    expect([await count('shared'), await count('shared'), await count('shared')]).toEqual([
      '1\n',
      '2\n',
      '3\n',
    ]);
    const counts = await Promise.all(Array.from({ length: 4 }, () => count('shared')));
    expect(counts).toContain('4\n');
  });

  test('wait together: 200 guests that each sleep 200 ms finish in a fraction of the sum', async () => {
    const SLEEPERS = 200;
    const MS = 200;
    const url = `${host.edge}/fn/poll/sleep?ms=${MS}`;
    await Promise.all(Array.from({ length: 20 }, () => send(url)));
    const alone = await timed(() => send(url));
    const together = await timed(() =>
      Promise.all(Array.from({ length: SLEEPERS }, () => send(url))),
    );
    console.log(
      `${SLEEPERS} sleeps of ${MS} ms: ${Math.round(together.ms)} ms together, ${Math.round(alone.ms)} ms for one alone`,
    );
    expect(together.value.map(({ status }) => status)).toEqual(Array(SLEEPERS).fill(200));
    for (const { text } of together.value)
      expect((JSON.parse(text) as { slept_ms: number }).slept_ms).toBeGreaterThanOrEqual(MS - 1);
    // One after another they would take 40 s. What is above one sleep is the work of 200 instances and requests.
    expect(together.ms / (SLEEPERS * MS)).toBeLessThan(0.25);
  });
});

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const from = performance.now();
  return { value: await work(), ms: performance.now() - from };
}
