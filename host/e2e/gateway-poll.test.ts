import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from './client.ts';
import { root, startHost, type LogLine, type TestHost } from './harness.ts';
import { startUpstream, type Upstream } from './upstream.ts';

interface Seen {
  readonly local: string;
  readonly gateways: readonly string[];
  readonly push_data: number;
  readonly pull_data: number;
  readonly rxpk: number;
  readonly acknowledged: number;
  readonly rejected: readonly string[];
  readonly ticks: number;
  readonly forwarded: readonly {
    readonly packets: number;
    readonly status?: number;
    readonly error?: string;
  }[];
  readonly polls: number;
  readonly most_waited_for: number;
  readonly timed_out: boolean;
}

interface Packet {
  readonly tmst: number;
  readonly freq: number;
  readonly rssi: number;
  readonly data: string;
}

const started = new AsyncDisposableStack();
let host: TestHost;
let upstream: Upstream;
/** Bodies that reached the upstream. */
const received: Packet[][] = [];

beforeAll(async () => {
  // Slow on purpose, so that an answer is waited for while datagrams and ticks come in.
  upstream = started.use(
    await startUpstream(async (incoming, outgoing) => {
      received.push(JSON.parse(await text(incoming)) as Packet[]);
      setTimeout(() => outgoing.writeHead(202).end(), 60);
    }),
  );
  host = started.use(await startHost());
}, 60_000);
afterAll(() => started.disposeAsync());

/** A port that was free a moment ago. */
function freePort(): number {
  const socket = createSocket('udp4');
  const { port } = socket.bindSync({ address: '127.0.0.1' });
  socket.close();
  return port;
}

const run = promisify(execFile);

/** The packet sender, in a process of its own. */
async function forwarder(
  port: number,
  ...more: string[]
): Promise<{ sent: number; acknowledged: number; pulls: number }> {
  const script = join(root, 'scripts', 'send-lora-packets.ts');
  const { stdout } = await run(process.execPath, [
    script,
    '--to',
    `127.0.0.1:${port}`,
    '--interval',
    '25',
    ...more,
  ]);
  return JSON.parse(stdout);
}

function socketsOfHost(): number {
  return readdirSync(`/proc/${host.pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${host.pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

function deniedLines(name: string): LogLine[] {
  return host.log.filter(
    (line) => line['function'] === name && line['msg'] === 'denied: outside of the grants',
  );
}

test('datagrams, a timer and an outgoing request in one poll', async () => {
  const port = freePort();
  await host.deploy('gateway', 'gateway-poll', {
    grants: { poll: true, http: [upstream.origin], sockets: [`listen:udp:127.0.0.1:${port}`] },
  });
  const before = socketsOfHost();
  const answer = send(
    `${host.edge}/fn/gateway/?listen=127.0.0.1:${port}&packets=20&tick=20&ms=20000&forward=${upstream.origin}/packets`,
  );
  const sender = await forwarder(port, '--count', '20');
  expect(sender).toMatchObject({ sent: 20, acknowledged: 20 });
  const response = await answer;
  expect([response.status, response.text]).toEqual([200, expect.any(String)]);
  const seen = response.json<Seen & Record<string, unknown>>();
  expect(seen).toMatchObject({
    local: `127.0.0.1:${port}`,
    gateways: ['aa555a0000000101'],
    push_data: 20,
    rxpk: 20,
    rejected: [],
    // All three at once, beside the end.
    most_waited_for: 3,
    timed_out: false,
  });
  expect(seen.pull_data).toBeGreaterThanOrEqual(1);
  expect(seen.acknowledged).toBe(seen.push_data + seen.pull_data);
  expect(seen.ticks).toBeGreaterThan(3);
  expect(seen.forwarded.every((each) => each.status === 202)).toBe(true);
  expect(seen.forwarded.length).toBeGreaterThan(1);
  expect(seen.forwarded.reduce((sum, each) => sum + each.packets, 0)).toBe(20);
  const packets = received.flat();
  expect(packets.map((each) => Buffer.from(each.data, 'base64').readUInt16BE())).toEqual(
    Array.from({ length: 20 }, (_, index) => index),
  );
  expect(packets[0]).toMatchObject({ freq: 868.1, rssi: -35 });
  expect(deniedLines('gateway')).toEqual([]);
  // The guest's socket is closed with its request: the port is free, and no descriptor is left.
  const socket = createSocket('udp4');
  socket.bindSync({ address: '127.0.0.1', port });
  socket.close();
  await expect.poll(socketsOfHost).toBeLessThanOrEqual(before + 1);
});

test('a gateway that hears nothing ends with its time, and one that hears nonsense says what is wrong with it', async () => {
  const port = freePort();
  await host.deploy('quiet', 'gateway-poll', {
    grants: { poll: true, http: [upstream.origin], sockets: [{ listen: `udp:127.0.0.1:${port}` }] },
  });
  const answer = send(`${host.edge}/fn/quiet/?listen=127.0.0.1:${port}&packets=1&tick=10&ms=1500`);
  const socket = createSocket('udp4');
  const nonsense = [
    'x',
    '\u0001aa\u0000gatewaysxx{}',
    '\u0002aa\u0009gateways',
    '\u0002aa\u0000gateways[',
    '\u0002aa\u0000gateways{"rxpk":[{}]}',
  ];
  const again = setInterval(() => {
    for (const each of nonsense) socket.send(each, port, '127.0.0.1');
  }, 100);
  const seen = (await answer).json<Seen & Record<string, unknown>>();
  clearInterval(again);
  socket.close();
  expect(seen).toMatchObject({ timed_out: true, push_data: 0, acknowledged: 0, forwarded: [] });
  expect(new Set(seen.rejected)).toEqual(
    new Set(['too short', 'unknown version', 'unknown kind', 'no JSON', 'no tmst']),
  );
  expect(seen.ticks).toBeGreaterThan(10);
});

test('what the grants do not cover is refused: at deploy where nothing is granted, in the guest where another port is', async () => {
  const refused = await host.put('none', 'gateway-poll', {
    grants: { poll: true, http: [upstream.origin] },
  });
  expect(refused.status).toBe(422);
  expect((await refused.json()) as object).toMatchObject({
    code: 'grants-missing',
    detail: expect.stringMatching(
      /imports wasi:sockets\/udp \(.*\), which no grant covers: add sockets = \["listen:udp:0\.0\.0\.0:1700"\]/,
    ),
  });
  const port = freePort();
  await host.deploy('other', 'gateway-poll', {
    grants: {
      poll: true,
      http: [upstream.origin],
      sockets: [`listen:udp:127.0.0.1:${port}`, 'tcp:*:443'],
    },
  });
  const from = host.log.length;
  const denied = await send(`${host.edge}/fn/other/?listen=0.0.0.0:${port}&ms=1`);
  expect([denied.status, denied.text]).toEqual([403, 'start-bind: access-denied\n']);
  await host.logged(
    (line) => host.log.indexOf(line) >= from && line['msg'] === 'request',
    'the line of the request',
  );
  expect(deniedLines('other')).toEqual([
    expect.objectContaining({
      capability: 'sockets',
      what: `listening at udp:0.0.0.0:${port}`,
      fix: expect.stringContaining(`--allow-socket listen:udp:0.0.0.0:${port}`),
    }),
  ]);
  expect((await send(`${host.edge}/fn/other/?listen=127.0.0.1:${port}&ms=1`)).status).toBe(200);
});

test('a port that is in use is told as such, and a socket that is open ends with a request that is cut off', async () => {
  const port = freePort();
  await host.deploy('short', 'gateway-poll', {
    grants: { poll: true, http: [upstream.origin], sockets: [`listen:udp:127.0.0.1:${port}`] },
    limits: { timeout: '2s' },
  });
  const url = `${host.edge}/fn/short/?listen=127.0.0.1:${port}`;
  const long = send(`${url}&ms=60000`);
  // Its socket is there once it answers.
  await forwarder(port, '--count', '1');
  const second = await send(`${url}&ms=1`);
  expect([second.status, second.text]).toEqual([502, 'start-bind: address-in-use\n']);
  expect((await long).status).toBe(504);
  expect((await send(`${url}&ms=1`)).status).toBe(200);
});
