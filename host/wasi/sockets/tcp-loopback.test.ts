import net from 'node:net';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { asyncPayloadOf, payloadOf } from '../test-instance.ts';
import type { InputStream, IoError, OutputStream } from '../io/index.ts';
import {
  loopback,
  openSocketCount,
  portOf,
  ready,
  testSockets,
  type TestSockets,
} from './test-host.ts';
import type { TcpSocket } from './tcp-socket.ts';

interface Peer extends AsyncDisposable {
  readonly port: number;
  readonly next: Promise<net.Socket>;
}

async function peer(): Promise<Peer> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const next = once(server, 'connection').then(([socket]) => socket as net.Socket);
  return {
    port: (server.address() as net.AddressInfo).port,
    next,
    async [Symbol.asyncDispose]() {
      server.close();
      (await next).destroy();
    },
  };
}

async function connect(
  sockets: TestSockets,
  port: number,
): Promise<[TcpSocket, InputStream, OutputStream]> {
  const socket = sockets.createTcp('ipv4');
  socket.startConnect(sockets.network, loopback(port));
  await ready(sockets, socket);
  return [socket, ...socket.finishConnect()];
}

async function listen(sockets: TestSockets, backlog?: bigint): Promise<TcpSocket> {
  const socket = sockets.createTcp('ipv4');
  socket.startBind(sockets.network, loopback());
  socket.finishBind();
  if (backlog !== undefined) socket.setListenBacklogSize(backlog);
  socket.startListen();
  await ready(sockets, socket);
  socket.finishListen();
  return socket;
}

const closed = { tag: 'closed' };

test('echo: bytes go both ways, and the end of each way apart', async () => {
  using sockets = testSockets();
  await using other = await peer();
  const [socket, input, output] = await connect(sockets, other.port);
  const remote = await other.next;
  remote.on('data', (bytes) => remote.write(bytes));
  remote.on('end', () => remote.end('bye'));
  await output.blockingWriteAndFlush(Buffer.from('hello'));
  expect(Buffer.from(await input.blockingRead(100n)).toString()).toBe('hello');
  socket.shutdown('send');
  expect(payloadOf(() => output.checkWrite())).toEqual(closed);
  expect(Buffer.from(await input.blockingRead(100n)).toString()).toBe('bye');
  expect(await asyncPayloadOf(input.blockingRead(100n))).toEqual(closed);
  socket.shutdown('send');
  socket.shutdown('both');
});

test('a server: accepts, reads what came before it did, and answers', async () => {
  using sockets = testSockets();
  const listener = await listen(sockets);
  const client = net.connect(portOf(listener.localAddress()), '127.0.0.1');
  client.end('early');
  await ready(sockets, listener);
  const [socket, input, output] = listener.accept();
  expect(payloadOf(() => listener.accept())).toBe('would-block');
  expect(Buffer.from(await input.blockingRead(100n)).toString()).toBe('early');
  expect(await asyncPayloadOf(input.blockingRead(100n))).toEqual(closed);
  await output.blockingWriteAndFlush(Buffer.from('answer'));
  for (const each of [input, output, socket]) each[Symbol.dispose]();
  expect((await buffer(client)).toString()).toBe('answer');
});

test('a writer is held up by a peer that does not read, and goes on when it does', async () => {
  using sockets = testSockets({}, { copy: 1 << 20 });
  await using other = await peer();
  const [, , output] = await connect(sockets, other.port);
  const remote = await other.next;
  remote.pause();
  let written = 0;
  for (;;) {
    const permit = Number(output.checkWrite());
    if (permit === 0) {
      // The kernel's buffers take some more, until they are full too.
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (output.checkWrite() === 0n) break;
      continue;
    }
    expect(permit).toBeLessThanOrEqual(64 * 1024);
    output.write(new Uint8Array(permit));
    written += permit;
    expect(written).toBeLessThan(64 << 20);
  }
  let read = 0;
  remote.on('data', (bytes) => (read += bytes.length)).resume();
  output.flush();
  await output.blockingFlush();
  await expect.poll(() => read).toBe(written);
});

test('a reader that does not read holds up its peer: what waits is bounded', async () => {
  using sockets = testSockets();
  await using other = await peer();
  const [, input] = await connect(sockets, other.port);
  const remote = await other.next;
  const total = 32 << 20;
  remote.write(Buffer.alloc(total));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(remote.writableLength).toBeGreaterThan(total / 4);
  let read = 0;
  while (read < total) {
    const bytes = await input.blockingRead(65_536n);
    expect(bytes.length).toBeLessThanOrEqual(65_536);
    read += bytes.length;
  }
  expect(read).toBe(total);
});

test('a reset is told once to each direction, as a typed error, and then the streams are closed', async () => {
  using sockets = testSockets();
  await using other = await peer();
  const [, input, output] = await connect(sockets, other.port);
  (await other.next).resetAndDestroy();
  const error = (await asyncPayloadOf(input.blockingRead(10n))) as { tag: string; val: IoError };
  expect(error.tag).toBe('last-operation-failed');
  expect(sockets.networkErrorCode(error.val)).toBe('connection-reset');
  expect(error.val.toDebugString()).toBe('socket: connection-reset');
  expect(payloadOf(() => input.read(10n))).toEqual(closed);
  expect(payloadOf(() => output.checkWrite())).toMatchObject({ tag: 'last-operation-failed' });
  expect(payloadOf(() => output.checkWrite())).toEqual(closed);
});

test('shutdown(receive): what waits is discarded, and the peer is not held up', async () => {
  using sockets = testSockets();
  await using other = await peer();
  const [socket, input, output] = await connect(sockets, other.port);
  const remote = await other.next;
  remote.write('unread');
  await ready(sockets, input);
  socket.shutdown('receive');
  expect(payloadOf(() => input.read(10n))).toEqual(closed);
  remote.write(Buffer.alloc(8 << 20));
  await once(remote, 'drain');
  await output.blockingWriteAndFlush(Buffer.from('still'));
  const [bytes] = (await once(remote, 'data')) as [Buffer];
  expect(bytes.toString()).toBe('still');
});

test('connections beyond the backlog are refused and counted, not kept', async () => {
  using sockets = testSockets();
  const listener = await listen(sockets, 2n);
  const port = portOf(listener.localAddress());
  const clients = Array.from({ length: 5 }, () => net.connect(port, '127.0.0.1'));
  let lost = 0;
  for (const client of clients) client.on('error', () => {}).on('close', () => (lost += 1));
  await expect.poll(() => lost).toBe(3);
  listener.accept();
  listener.accept();
  expect(payloadOf(() => listener.accept())).toBe('would-block');
  for (const client of clients) client.destroy();
});

test('a client that leaves before it is accepted is connection-aborted', async () => {
  using sockets = testSockets();
  const listener = await listen(sockets);
  const client = net.connect(portOf(listener.localAddress()), '127.0.0.1');
  client.on('error', () => {});
  await once(client, 'connect');
  await ready(sockets, listener);
  client.resetAndDestroy();
  await expect
    .poll(() => {
      try {
        const [, input] = listener.accept();
        return `accepted ${input.source.isReady()}`;
      } catch (thrown) {
        return payloadOf(() => {
          throw thrown;
        });
      }
    })
    .toMatch(/connection-aborted|accepted/);
});

test('nothing is left behind: neither when the guest drops, nor when its instance is ended', async () => {
  const before = openSocketCount();
  await using other = await peer();
  const own = openSocketCount();
  {
    using sockets = testSockets();
    const listener = await listen(sockets);
    const [socket, input, output] = await connect(sockets, other.port);
    const [, , unread] = await connect(sockets, portOf(listener.localAddress()));
    unread.checkWrite();
    unread.write(Buffer.from('never read'));
    const bound = sockets.createTcp('ipv4');
    bound.startBind(sockets.network, loopback());
    const connecting = sockets.createTcp('ipv4');
    connecting.startConnect(sockets.network, listener.localAddress());
    for (const each of [output, input, socket]) each[Symbol.dispose]();
    expect(openSocketCount()).toBeGreaterThan(own);
  }
  // The peer's own end of the first connection is the peer's.
  await expect.poll(openSocketCount).toBeLessThanOrEqual(own + 1);
  (await other.next).destroy();
  await expect.poll(openSocketCount).toBe(own);
  expect(before).toBeLessThan(own);
});

test('what was written is sent, even if the guest drops everything at once', async () => {
  using sockets = testSockets();
  await using other = await peer();
  const [socket, input, output] = await connect(sockets, other.port);
  output.checkWrite();
  output.write(Buffer.alloc(60_000, 'x'));
  for (const each of [input, output, socket]) each[Symbol.dispose]();
  expect((await buffer(await other.next)).length).toBe(60_000);
});
