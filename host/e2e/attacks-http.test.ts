import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { send, Wire } from './client.ts';
import { residentBytes, startHost, type LogLine, type TestHost } from './harness.ts';
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
let before: number;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  host = started.use(await startHost());
  upstream = started.use(
    await startUpstream((_incoming, outgoing) => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const more = () => {
        while (outgoing.write(chunk));
      };
      outgoing.on('drain', more);
      more();
    }),
  );
  const poll = { grants: { poll: true } };
  await host.deploy(BYSTANDER, 'hello');
  await host.deploy('echo', 'echo', poll);
  await host.deploy('crooked', 'crooked', poll);
  await host.deploy('narrow', 'echo', { ...poll, limits: { headers: '4KiB', headerCount: 20 } });
  await host.deploy('hasty', 'echo', { ...poll, limits: { timeout: '1s' } });
  await host.deploy('busy', 'crooked', { ...poll, limits: { concurrency: 20 } });
  await host.deploy('crowd', 'echo', { ...poll, limits: { concurrency: 32 } });
  await host.deploy('outbound', 'outbound', { grants: { poll: true, http: [upstream.origin] } });
  await checkHealth(host);
  before = await descriptors(host);
}, 120_000);
afterAll(() => started.disposeAsync());

afterEach(() => checkBystander(host));

/** What is sent until the host ends the connection; one that does not end fails by the test's time. */
async function exchange(text: string): Promise<string> {
  using wire = await Wire.open(host.edge);
  wire.write(text);
  return await wire.ended();
}

function refusedLine(answer: string): Promise<LogLine> {
  const traceId = /"trace_id":"([0-9a-f]{32})"/.exec(answer)?.[1];
  return host.logged(
    (line) => line['trace_id'] === traceId && line['msg'] === 'request refused',
    `the line of the refusal ${traceId}`,
  );
}

/** What an answer is that refuses, on the wire and in the log; the connection is over. */
async function refusalOf(answer: string) {
  const { status, code } = await refusedLine(answer);
  return {
    statuses: answer.match(/^HTTP\/1\.1 \d+/gm),
    isProblem: /^content-type: application\/problem\+json\r$/m.test(answer),
    closes: /^connection: close\r$/im.test(answer),
    code: /"code":"([a-z-]+)"/.exec(answer)?.[1],
    tellsInternals: /node:|file:|\.ts\b| at \w+ \(/.test(answer),
    logged: { status, code },
  };
}

/** One answer, which is the problem `code`, in the log too. */
function refusal(status: number, code: string) {
  return {
    statuses: [`HTTP/1.1 ${status}`],
    isProblem: true,
    closes: true,
    code,
    tellsInternals: false,
    logged: { status, code },
  };
}

const SMUGGLED = 'GET /fn/echo/smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
const smuggled = () => host.log.filter((line) => line['path'] === '/fn/echo/smuggled');
const head = (...lines: string[]) =>
  ['POST /fn/echo/outer HTTP/1.1', 'host: x', ...lines, '', ''].join('\r\n');
const chunked = (body: string) => head('transfer-encoding: chunked') + body;
const inField = (field: string) => `GET /fn/echo/outer HTTP/1.1\r\nhost: x\r\n${field}\r\n\r\n`;

describe('F1: a request with two readings is refused, and nothing of it becomes another request', () => {
  type Refusal = readonly [status: number, code: string];
  const bad: Refusal = [400, 'bad-request'];
  const coding: Refusal = [501, 'coding-not-supported'];
  const cases: readonly (readonly [what: string, text: string, refusal: Refusal])[] = [
    [
      'CL.TE',
      head('content-length: 4', 'transfer-encoding: chunked') + `0\r\n\r\n${SMUGGLED}`,
      bad,
    ],
    [
      'TE.CL',
      head('transfer-encoding: chunked', 'content-length: 4') + `5c\r\n${SMUGGLED}0\r\n\r\n`,
      bad,
    ],
    [
      'TE.TE, identity second',
      head('transfer-encoding: chunked', 'transfer-encoding: identity') + `0\r\n\r\n${SMUGGLED}`,
      bad,
    ],
    [
      'TE.TE, twice chunked',
      head('transfer-encoding: chunked, chunked') + `0\r\n\r\n${SMUGGLED}`,
      bad,
    ],
    ['TE unknown', head('transfer-encoding: xchunked') + `0\r\n\r\n${SMUGGLED}`, coding],
    ['TE gzip, chunked', head('transfer-encoding: gzip, chunked') + `0\r\n\r\n${SMUGGLED}`, coding],
    [
      'TE after a vertical tab',
      head('transfer-encoding:\x0bchunked') + `0\r\n\r\n${SMUGGLED}`,
      bad,
    ],
    [
      'TE in HTTP/1.0',
      `POST /fn/echo/outer HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      bad,
    ],
    ['two lengths', head('content-length: 0', 'content-length: 47') + SMUGGLED, bad],
    ['one length twice', head('content-length: 0', 'content-length: 0') + SMUGGLED, bad],
    ['a list of lengths', head('content-length: 0, 0') + SMUGGLED, bad],
    ...['+0', '-0', '0x0', '', '0_0', '18446744073709551616'].map(
      (value) => [`length ${value}`, head(`content-length: ${value}`) + SMUGGLED, bad] as const,
    ),
    ...['0x0', '+0', '-0', '0_0', ' 0', '0 ', 'g', '', '10000000000000000'].map(
      (size) => [`chunk size "${size}"`, chunked(`${size}\r\n\r\n${SMUGGLED}`), bad] as const,
    ),
    ['bare LF after a chunk size', chunked(`0\n\n${SMUGGLED}`), bad],
    ['bare LF in a chunk extension', chunked(`0;x\ny\r\n\r\n${SMUGGLED}`), bad],
    ['NUL in a value', inField('x-a: a\0b') + SMUGGLED, bad],
    ['CR in a value', inField('x-a: a\rb') + SMUGGLED, bad],
    ['space before the colon', head('content-length : 47') + SMUGGLED, bad],
    ['no name', inField(': a') + SMUGGLED, bad],
    ['obs-fold', inField('x-a: a\r\n b') + SMUGGLED, bad],
    [
      'space before the first field',
      `GET /fn/echo/outer HTTP/1.1\r\n host: x\r\n\r\n${SMUGGLED}`,
      bad,
    ],
    ['bare LF between lines', `GET /fn/echo/outer HTTP/1.1\nhost: x\n\n${SMUGGLED}`, bad],
    ['no Host', `GET /fn/echo/outer HTTP/1.1\r\n\r\n${SMUGGLED}`, bad],
    ['two Hosts', `GET /fn/echo/outer HTTP/1.1\r\nhost: x\r\nHOST: y\r\n\r\n${SMUGGLED}`, bad],
    ...['', 'a b', 'a@b', 'a/b', 'x:99999', '[::1', '[::0001]', '127.1'].map(
      (name) =>
        [
          `Host "${name}"`,
          `GET /fn/echo/outer HTTP/1.1\r\nhost: ${name}\r\n\r\n${SMUGGLED}`,
          bad,
        ] as const,
    ),
    ...['/a#b', 'a', 'ftp://x/a', 'http://a@b/', '/a\\b', 'http:///a', '*'].map(
      (target) =>
        [`target ${target}`, `GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n${SMUGGLED}`, bad] as const,
    ),
    ['HTTP/0.9', `GET /fn/echo/outer\r\n\r\n${SMUGGLED}`, bad],
    ['HTTP/1.2', `GET /fn/echo/outer HTTP/1.2\r\nhost: x\r\n\r\n${SMUGGLED}`, bad],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', bad],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [501, 'method-not-supported']],
  ];
  test.each(cases)('%s', async (_what, text, [status, code]) => {
    const answer = await exchange(text);
    // Within the body a guest may have begun to answer: it is broken off, which is no answer either.
    const begun = /^(?:HTTP\/1\.1 200 |$)/.test(answer);
    if (begun && text.includes('transfer-encoding: chunked\r\n\r\n'))
      expect(answer).not.toContain('\r\n0\r\n');
    else expect(await refusalOf(answer)).toEqual(refusal(status, code));
    expect(smuggled()).toEqual([]);
  });

  test('what stands in the body stays in the body', async () => {
    const inside = chunked(
      `${SMUGGLED.length.toString(16)};ext=1\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    ).replace('host: x', 'host: x\r\nconnection: close');
    const answer = await exchange(inside);
    expect(answer.match(/^HTTP\/1\.1 200/gm)).toHaveLength(1);
    expect(answer).toContain(`x-echo-bytes: ${SMUGGLED.length}\r\n`);
    expect(smuggled()).toEqual([]);
  });

  test('what follows a complete request and is no request is refused after its answer, never within it', async () => {
    const answer = await exchange(`${head('content-length: 2')}hi\0\0 garbage\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*x-echo-bytes: 2\r\n\r\nHTTP\/1\.1 (?:400|501) /);
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(2);
  });

  test('a body that turns bad breaks off the answer that has begun, without a word within it', async () => {
    using wire = await Wire.open(host.edge);
    wire.write(chunked('1\r\na\r\n'));
    await wire.until('1\r\na\r\n');
    wire.write('zz\r\n');
    const answer = await wire.ended();
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(answer).not.toContain('\r\n0\r\n');
  });
});

describe('F3: whoever is slow is cut off', () => {
  test('in every phase, while others are served', async () => {
    const sockets: Socket[] = [];
    const { hostname, port } = new URL(host.edge);
    // Keeps its side open whatever the host does, so that only the host can free the connection.
    const open = async (text: string, reads = true): Promise<Socket> => {
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
      socket.on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
      if (reads) socket.resume();
      socket.write(text, 'latin1');
      return socket;
    };
    const dripping = [
      await open('GET /fn/echo/ HTTP/1.1\r\nhost: x\r\nx-slow: '),
      await open('POST /fn/hasty/ HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n'),
      // Answered without its body having been read.
      await open(`POST /fn/${BYSTANDER}/ HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n`),
    ];
    const drip = setInterval(() => {
      for (const socket of dripping) if (socket.writable) socket.write('a');
    }, 200);
    try {
      for (let idle = 0; idle < 200; idle += 1) await open('');
      await open('not HTTP\r\n\r\n');
      await open('GET /fn/echo/ HTTP/1.1\r\n\r\n');
      // Takes nothing of a long answer.
      const greedy = await open(
        'POST /fn/hasty/ HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n',
        false,
      );
      const chunk = Buffer.alloc(1 << 20);
      const more = () => {
        while (greedy.writable && greedy.write(chunk));
      };
      greedy.on('drain', more);
      more();
      expect((await send(`${host.edge}/fn/${BYSTANDER}/`)).status).toBe(200);
      await checkDescriptors(host, before);
      expect(
        host.log.filter((line) => line['code'] === 'timeout' && line['function'] === 'hasty'),
      ).toHaveLength(2);
      expect(
        host.log.some((line) => line['code'] === 'request-timeout' && line['status'] === 408),
      ).toBe(true);
    } finally {
      clearInterval(drip);
      for (const socket of sockets) socket.destroy();
    }
  }, 60_000);
});

describe('F4: a client that leaves', () => {
  test('before its headers are complete leaves nothing', async () => {
    for (const text of [
      '',
      'GET',
      'GET /fn/echo/ HTTP/1.1\r\nhost',
      'POST /fn/echo/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n',
    ]) {
      using wire = await Wire.open(host.edge);
      wire.write(text);
    }
    await checkDescriptors(host, before);
    expect(host.log.filter((line) => line['code'] === 'internal')).toEqual([]);
  });

  test('a pipeline ends the guests of all its requests, not only the one whose turn it is', async () => {
    const traces = Array.from({ length: 20 }, newTrace);
    {
      using wire = await Wire.open(host.edge);
      wire.write(
        traces
          .map(
            ({ headers }) =>
              `GET /fn/busy/sleep-forever HTTP/1.1\r\nhost: x\r\ntraceparent: ${headers.traceparent}\r\n\r\n`,
          )
          .join(''),
      );
      // The function is full: all of them are in their guests.
      await expect.poll(async () => (await send(`${host.edge}/fn/busy/`)).status).toBe(503);
    }
    for (const { traceId } of traces)
      expect(await edgeLine(host, traceId)).toMatchObject({ code: 'client-gone' });
    expect((await send(`${host.edge}/fn/busy/`)).status).toBe(200);
  });
});

describe('F5: limits of the head', () => {
  test.each([
    ['fields', 'x: 1\r\n'.repeat(21), 'headerCount'],
    ['bytes', `x: ${'a'.repeat(4096)}\r\n`, 'headers'],
  ])('too many %s for the function are refused with 431', async (_what, fields, limit) => {
    const answer = await exchange(
      `GET /fn/narrow/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${fields}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain(`"limit":"${limit}"`);
    expect(
      await exchange(`GET /fn/echo/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${fields}\r\n`),
    ).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    [
      'a million bytes in a field',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(1_000_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'a million bytes of URL',
      `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      '40,000 bytes of URL',
      `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
      414,
      'uri-too-long',
    ],
  ] as const)('%s', async (_what, text, status, code) => {
    expect(await refusalOf(await exchange(text))).toEqual(refusal(status, code));
  });

  test('10,000 fields are refused', async () => {
    const answer = await exchange(
      `GET /fn/echo/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${'a:b\r\n'.repeat(10_000)}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test.each([
    ['fields', 'x-t: 1\r\n'.repeat(21)],
    ['bytes', `x-t: ${'a'.repeat(4096)}\r\n`],
    ['bytes for the parser', `x-t: ${'a'.repeat(200_000)}\r\n`],
  ])(
    'too many %s of trailers are an error of the guest, not a shorter list',
    async (_what, trailers) => {
      const answer = await exchange(
        `POST /fn/narrow/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n${trailers}\r\n`,
      );
      expect(answer).not.toContain('\r\n0\r\n');
      expect(answer.match(/^HTTP\/1\.1 /gm)?.length ?? 0).toBeLessThanOrEqual(1);
    },
  );
});

describe('F6: what is unusual has a defined answer', () => {
  test('1,000 pipelined requests are answered, each once and in order', async () => {
    using wire = await Wire.open(host.edge);
    const request = (at: number) =>
      `GET /fn/crowd/${at} HTTP/1.1\r\nhost: x\r\n${at === 999 ? 'connection: close\r\n' : ''}\r\n`;
    wire.write(Array.from({ length: 1000 }, (_, at) => request(at)).join(''));
    const answer = await wire.ended();
    const statuses = answer.match(/HTTP\/1\.1 \d+/g) ?? [];
    expect(statuses).toHaveLength(1000);
    // Beyond limits.concurrency a function is busy: Retry-After says so.
    expect(new Set(statuses.map((line) => line.slice(9))).isSubsetOf(new Set(['200', '503']))).toBe(
      true,
    );
    const served = [...answer.matchAll(/^x-echo-path: \/(\d+)\r$/gm)].map(([, at]) => Number(at));
    expect(served).toEqual(served.toSorted((a, b) => a - b));
    expect(served.length).toBeGreaterThanOrEqual(32);
  });

  test.each([
    ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nhost: x:443\r\n\r\n', 501, 'method-not-supported'],
    [
      'an unknown method',
      'FROB /fn/echo/ HTTP/1.1\r\nhost: x\r\n\r\n',
      501,
      'method-not-supported',
    ],
    [
      'a method in lower case',
      'get /fn/echo/ HTTP/1.1\r\nhost: x\r\n\r\n',
      501,
      'method-not-supported',
    ],
    [
      'another expectation',
      'POST /fn/echo/ HTTP/1.1\r\nhost: x\r\nexpect: tea\r\ncontent-length: 2\r\n\r\nhi',
      417,
      'expectation-failed',
    ],
  ] as const)('%s is refused', async (_what, text, status, code) => {
    expect(await refusalOf(await exchange(text))).toEqual(refusal(status, code));
  });

  test.each([
    [
      'TRACE',
      'TRACE /fn/echo/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 200 [^]*x-echo-method: TRACE\r\n/,
    ],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 204 /],
    [
      'Upgrade',
      'GET /fn/echo/ HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n',
      /^HTTP\/1\.1 200 /,
    ],
    [
      'the absolute form',
      'GET http://other.example/fn/echo/a?q HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 200 [^]*x-echo-path: \/a\?q\r\n/,
    ],
    [
      'HTTP/1.0 without Host',
      'GET /fn/echo/ HTTP/1.0\r\n\r\n',
      /^HTTP\/1\.1 200 [^]*connection: close\r\n/i,
    ],
    [
      'an IPv6 address as Host',
      'GET /fn/echo/ HTTP/1.1\r\nhost: [::1]:80\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 200 /,
    ],
    [
      '100-continue',
      'POST /fn/echo/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi',
      /^HTTP\/1\.1 \d+ [^]*hi/,
    ],
  ])('%s', async (_what, text, expected) => {
    expect(await exchange(text)).toMatch(expected);
  });
});

describe('F7: back-pressure', () => {
  test('of an endless answer only as much is taken as the client takes; when it leaves, so does the outgoing request', async () => {
    const asked = upstream.next();
    const { traceId, headers } = newTrace();
    const memory = await residentBytes(host.pid);
    const { hostname, port } = new URL(host.edge);
    const socket = connect(Number(port), hostname);
    socket.write(
      `GET /fn/outbound/?url=${encodeURIComponent(upstream.origin)} HTTP/1.1\r\nhost: x\r\ntraceparent: ${headers.traceparent}\r\n\r\n`,
    );
    const outgoing = (await asked).socket;
    // Read a part, then nothing: the upstream's counter stands once every buffer on the way is full.
    await once(socket, 'readable');
    let taken = -1;
    await expect
      .poll(() => taken === (taken = outgoing.bytesWritten) && taken > 0, {
        interval: 300,
        timeout: 20_000,
      })
      .toBe(true);
    expect(taken).toBeLessThan(64 * 2 ** 20);
    expect((await residentBytes(host.pid)) - memory).toBeLessThan(64 * 2 ** 20);
    // By a reset, where there is something unread.
    const closed = new Promise((resolve) => outgoing.once('close', resolve));
    socket.destroy();
    await closed;
    expect(await edgeLine(host, traceId)).toMatchObject({ code: 'client-gone' });
  });
});

describe('F8: framing of what has no body, or no end', () => {
  test.each([204, 205, 304])('%i with a body has none on the wire', async (code) => {
    const answer = await exchange(
      `GET /fn/crooked/status-body?code=${code} HTTP/1.1\r\nhost: x\r\n\r\nGET /fn/crooked/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    expect(answer).not.toContain('01234');
    expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual([`HTTP/1.1 ${code}`, 'HTTP/1.1 200']);
  });

  test('HEAD has the length of GET and no body', async () => {
    const answer = await exchange(
      'HEAD /fn/crooked/head HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*content-length: 5\r\n[^]*\r\n\r\n$/);
  });

  test('HEAD of an answer with trailers is served', async () => {
    expect(
      await exchange('HEAD /fn/echo/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
  });

  test('in HTTP/1.0, where a close is a good end, a broken answer ends by a reset', async () => {
    const { hostname, port } = new URL(host.edge);
    const socket = connect(Number(port), hostname);
    const failed = once(socket, 'close').then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    socket.resume().write('GET /fn/crooked/dropped-part HTTP/1.0\r\n\r\n');
    expect(await failed).toBe('ECONNRESET');
  });
});

test('after all of it nothing is left behind', async () => {
  await checkHealth(host);
  await checkDescriptors(host, before);
  expect(host.log.filter((line) => line['code'] === 'internal')).toEqual([]);
});
