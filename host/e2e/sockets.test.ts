import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { begin, send, wholeAnswer } from './client.ts';
import { startHost, type TestHost } from './harness.ts';

const started = new AsyncDisposableStack();
let host: TestHost;
/** Sends back what it gets. */
let echo: net.Server;
let echoPort: number;

beforeAll(async () => {
  echo = net.createServer({ allowHalfOpen: true }, (socket) =>
    socket.on('error', () => {}).pipe(socket),
  );
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  started.defer(() => void echo.close());
  echoPort = (echo.address() as net.AddressInfo).port;
  host = started.use(await startHost());
}, 60_000);
afterAll(() => started.disposeAsync());

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function deploy(name: string, sockets: readonly unknown[], limits: object = {}) {
  return host.deploy(name, 'sockets', { grants: { poll: true, sockets }, limits });
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

/** Waits for the one log line that says what was denied. Lines come after the answers, so it is looked for by what it says. */
function denied(name: string, what: string): Promise<unknown> {
  return host.logged(
    (each) =>
      each['function'] === name &&
      each['msg'] === 'denied: outside of the grants' &&
      each['what'] === what,
    `a denial to ${name} of ${what}`,
  );
}

test('a TCP client: bytes go there and come back, more than fits into any buffer', async () => {
  await deploy('client', [`tcp:127.0.0.1:${echoPort}`]);
  const body = Buffer.alloc(300_000, 'abcdefg');
  const answer = await send(`${host.edge}/fn/client/connect?to=127.0.0.1:${echoPort}`, {
    method: 'POST',
    body,
  });
  expect([answer.status, answer.body.equals(body)]).toEqual([200, true]);
});

test('a TCP client by name: looked up, and connected to what the name resolved to', async () => {
  await deploy('named', [`connect:tcp:localhost:${echoPort}`]);
  const found = (await send(`${host.edge}/fn/named/resolve?name=localhost`)).json<string[]>();
  expect(found).toContain('127.0.0.1');
  const by = (to: string) =>
    send(`${host.edge}/fn/named/connect?to=${to}:${echoPort}`, { method: 'POST', body: 'hello' });
  expect((await by('localhost')).text).toBe('hello');
  // The grant is for the name: the address alone, which nobody looked up in this instance, is not covered.
  expect([(await by('127.0.0.1')).status, (await by('127.0.0.1')).text]).toEqual([
    403,
    'start-connect: access-denied\n',
  ]);
  const other = await send(`${host.edge}/fn/named/resolve?name=other.example`);
  expect([other.status, other.text]).toEqual([403, 'resolve-addresses: access-denied\n']);
  await denied('named', 'a look-up of other.example');
});

test('what is not granted is not reached: another port, a wildcard on loopback, the host itself', async () => {
  await deploy('wild', ['*:*:*', `tcp:127.0.0.1:${new URL(host.admin).port}`]);
  for (const to of [
    `127.0.0.1:${echoPort}`,
    `localhost:${echoPort}`,
    `127.0.0.1:${new URL(host.admin).port}`,
    `127.0.0.1:${new URL(host.edge).port}`,
    '169.254.169.254:80',
    '10.0.0.1:80',
    '[::1]:80',
    '[64:ff9b::7f00:1]:80',
    '[fd00:ec2::254]:80',
  ]) {
    const { status, text } = await send(`${host.edge}/fn/wild/connect?to=${to}`, {
      method: 'POST',
      body: 'x',
    });
    expect([to, status, text]).toEqual([
      to,
      403,
      expect.stringMatching(/^(start-connect|resolve-next-address): access-denied\n$/),
    ]);
  }
  const mapped = await send(`${host.edge}/fn/wild/connect?to=[::ffff:127.0.0.1]:${echoPort}`, {
    method: 'POST',
    body: 'x',
  });
  expect([mapped.status, mapped.text]).toEqual([502, 'start-connect: invalid-argument\n']);
});

test('errors of a connection reach the guest by name', async () => {
  const nobody = await freePort();
  const rude = net.createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
  await once(rude, 'listening');
  const rudePort = (rude.address() as net.AddressInfo).port;
  await deploy('errors', [`tcp:127.0.0.1:${nobody}`, `tcp:127.0.0.1:${rudePort}`]);
  const refused = await send(`${host.edge}/fn/errors/connect?to=127.0.0.1:${nobody}`, {
    method: 'POST',
    body: 'x',
  });
  expect([refused.status, refused.text]).toEqual([502, 'finish-connect: connection-refused\n']);
  const reset = await send(`${host.edge}/fn/errors/connect?to=127.0.0.1:${rudePort}`, {
    method: 'POST',
    body: Buffer.alloc(100_000),
  });
  expect([reset.status, reset.text]).toEqual([502, expect.stringMatching(/connection-reset/)]);
  rude.close();
});

test('a TCP server: takes connections one after the other, and its port is free again after', async () => {
  const port = await freePort();
  await deploy('server', [`listen:tcp:127.0.0.1:${port}`]);
  const before = socketsOfHost();
  const answer = send(`${host.edge}/fn/server/serve?at=127.0.0.1:${port}&n=3`);
  const texts = ['first', 'x'.repeat(200_000), ''];
  for (const text of texts) {
    let client: net.Socket;
    for (;;) {
      client = net.connect(port, '127.0.0.1');
      const connected = await Promise.race([
        once(client, 'connect').then(() => true),
        once(client, 'close').then(() => false),
      ]).catch(() => false);
      if (connected) break;
    }
    client.end(text);
    expect((await buffer(client)).toString()).toBe(text);
  }
  expect((await answer).json()).toEqual({ local: `127.0.0.1:${port}`, echoed: [5, 200_000, 0] });
  await expect.poll(socketsOfHost).toBeLessThanOrEqual(before + 1);
  const again = send(`${host.edge}/fn/server/serve?at=127.0.0.1:${port}&n=0`);
  expect((await again).status).toBe(200);
});

test('a client that leaves takes the sockets of its request with it', async () => {
  const silent = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as net.AddressInfo;
  await deploy('left', [`tcp:127.0.0.1:${port}`]);
  const arrived = once(silent, 'connection') as Promise<[net.Socket]>;
  const request = begin(`${host.edge}/fn/left/connect?to=127.0.0.1:${port}`);
  const failed = wholeAnswer(request).catch((error: Error) => error);
  request.end('x');
  const [peer] = await arrived;
  peer.resume().on('error', () => {});
  const closed = new Promise((resolve) => peer.on('close', resolve));
  peer.on('end', () => setTimeout(() => request.destroy(), 20));
  expect(await failed).toBeInstanceOf(Error);
  // Writing to a connection whose other end is gone is what shows that it is.
  const nudge = setInterval(() => peer.write('y'), 50);
  await closed;
  clearInterval(nudge);
  silent.close();
});
