import dgram from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { payloadOf } from '../test-instance.ts';
import type { IpSocketAddress } from './address.ts';
import type { IncomingDatagramStream, OutgoingDatagramStream } from './datagram-streams.ts';
import { socketError } from './errors.ts';
import {
  loopback,
  openHost,
  openSocketCount,
  portOf,
  ready,
  testSockets,
  type TestSockets,
} from './test-host.ts';
import type { UdpSocket } from './udp-socket.ts';

function bound(sockets: TestSockets, at: IpSocketAddress = loopback()): UdpSocket {
  const socket = sockets.createUdp(at.tag);
  socket.startBind(sockets.network, at);
  socket.finishBind();
  return socket;
}

async function peer(): Promise<dgram.Socket & AsyncDisposable> {
  const socket = dgram.createSocket('udp4');
  socket.bindSync({ address: '127.0.0.1' });
  return Object.assign(socket, {
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  });
}

function send(
  stream: OutgoingDatagramStream,
  text: string,
  remoteAddress?: IpSocketAddress,
): bigint {
  stream.checkSend();
  return stream.send([{ data: Buffer.from(text), remoteAddress }]);
}

async function receive(sockets: TestSockets, stream: IncomingDatagramStream): Promise<string[]> {
  await ready(sockets, stream);
  return stream.receive(10n).map(({ data }) => Buffer.from(data).toString());
}

test.each(['ipv4', 'ipv6'] as const)('echo over %s', async (family) => {
  using sockets = testSockets();
  const [server, client] = [
    bound(sockets, loopback(0, family)),
    bound(sockets, loopback(0, family)),
  ];
  const [serverIn, serverOut] = server.stream(undefined);
  const [clientIn, clientOut] = client.stream(server.localAddress());
  expect(client.remoteAddress()).toEqual(server.localAddress());
  expect(send(clientOut, 'hello')).toBe(1n);
  await ready(sockets, serverIn);
  const [datagram] = serverIn.receive(5n);
  expect(datagram?.remoteAddress).toEqual(client.localAddress());
  expect(send(serverOut, 'world', datagram?.remoteAddress)).toBe(1n);
  expect(await receive(sockets, clientIn)).toEqual(['world']);
  expect(clientIn.receive(5n)).toEqual([]);
});

test('the states: unbound, bind-in-progress, bound', () => {
  using sockets = testSockets();
  const socket = sockets.createUdp('ipv4');
  for (const call of [
    () => socket.stream(undefined),
    () => socket.localAddress(),
    () => socket.remoteAddress(),
  ])
    expect(payloadOf(call)).toBe('invalid-state');
  expect(payloadOf(() => socket.finishBind())).toBe('not-in-progress');
  socket.startBind(sockets.network, loopback());
  expect(payloadOf(() => socket.startBind(sockets.network, loopback()))).toBe(
    'concurrency-conflict',
  );
  expect(payloadOf(() => socket.localAddress())).toBe('concurrency-conflict');
  expect(payloadOf(() => socket.stream(undefined))).toBe('invalid-state');
  socket.finishBind();
  expect(payloadOf(() => socket.startBind(sockets.network, loopback()))).toBe('invalid-state');
  expect(payloadOf(() => socket.finishBind())).toBe('not-in-progress');
  expect(payloadOf(() => socket.remoteAddress())).toBe('invalid-state');
  const other = sockets.createUdp('ipv4');
  expect(payloadOf(() => other.startBind(sockets.network, socket.localAddress()))).toBe(
    'address-in-use',
  );
  expect(payloadOf(() => other.startBind(sockets.network, loopback(0, 'ipv6')))).toBe(
    'invalid-argument',
  );
  other.startBind(sockets.network, loopback());
});

test('send needs the permission of check-send, once for each', () => {
  using sockets = testSockets();
  const socket = bound(sockets);
  const [, out] = socket.stream(undefined);
  const datagram = { data: Buffer.from('x'), remoteAddress: socket.localAddress() };
  expect(out.send([])).toBe(0n);
  expect(() => out.send([datagram])).toThrow(expect.objectContaining({ code: 'guest-trapped' }));
  const permit = Number(out.checkSend());
  expect(permit).toBeGreaterThan(0);
  expect(() => out.send(Array.from({ length: permit + 1 }, () => datagram))).toThrow(
    expect.objectContaining({ code: 'guest-trapped' }),
  );
  expect(out.send([datagram, datagram])).toBe(2n);
  expect(() => out.send([datagram])).toThrow(expect.objectContaining({ code: 'guest-trapped' }));
});

test('what cannot be sent says why; what came before it is sent', () => {
  using sockets = testSockets({
    bindUdp: (local) => ({
      ...openHost().bindUdp(local),
      check: ({ port }) => {
        if (port === 9) throw socketError('access-denied');
      },
    }),
  });
  const socket = bound(sockets);
  const here = socket.localAddress();
  const [, out] = socket.stream(undefined);
  const code = (remoteAddress: IpSocketAddress | undefined, bytes = 1) =>
    payloadOf(() => {
      out.checkSend();
      out.send([{ data: new Uint8Array(bytes), remoteAddress }]);
    });
  expect(code(undefined)).toBe('invalid-argument');
  expect(code(loopback(0))).toBe('invalid-argument');
  expect(code(loopback(5, 'ipv6'))).toBe('invalid-argument');
  expect(code({ tag: 'ipv4', val: { port: 5, address: [0, 0, 0, 0] } })).toBe('invalid-argument');
  expect(code(here, 65_508)).toBe('datagram-too-large');
  expect(code(loopback(9))).toBe('access-denied');
  out.checkSend();
  const good = { data: Buffer.from('x'), remoteAddress: here };
  expect(out.send([good, { data: Buffer.from('y'), remoteAddress: loopback(9) }, good])).toBe(1n);
});

test('an associated socket speaks and listens to its peer alone', async () => {
  using sockets = testSockets();
  await using friend = await peer();
  await using stranger = await peer();
  const socket = bound(sockets);
  const { port } = friend.address();
  const to = portOf(socket.localAddress());
  const [anyIn, anyOut] = socket.stream(undefined);
  stranger.send('before', to, '127.0.0.1');
  await ready(sockets, anyIn);
  expect(() => socket.stream(undefined)).toThrow(
    expect.objectContaining({ code: 'guest-trapped' }),
  );
  for (const each of [anyIn, anyOut]) each[Symbol.dispose]();
  const [incoming, outgoing] = socket.stream(loopback(port));
  expect(incoming.receive(5n)).toEqual([]);
  expect(payloadOf(() => send(outgoing, 'x', loopback(stranger.address().port)))).toBe(
    'invalid-argument',
  );
  const arrived = once(friend, 'message');
  send(outgoing, 'to you', loopback(port));
  expect(String((await arrived)[0])).toBe('to you');
  stranger.send('not for you', to, '127.0.0.1');
  await new Promise((resolve) => setTimeout(resolve, 30));
  friend.send('for you', to, '127.0.0.1');
  expect(await receive(sockets, incoming)).toEqual(['for you']);
});

test('what waits is bounded: the rest is dropped', async () => {
  using sockets = testSockets();
  await using sender = await peer();
  const socket = bound(sockets);
  socket.setReceiveBufferSize(4n * 1024n * 1024n);
  const [incoming] = socket.stream(undefined);
  const to = portOf(socket.localAddress());
  let waits: Promise<void> = Promise.resolve();
  for (let index = 0; index < 40; index += 1) {
    waits = new Promise((resolve) =>
      sender.send(Buffer.alloc(60_000), to, '127.0.0.1', () => resolve()),
    );
    await waits;
    await new Promise(setImmediate);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  let count = 0;
  for (;;) {
    const some = incoming.receive(100n);
    if (some.length === 0) break;
    // The copy limit of tests is 64 KiB: one datagram of this size at a time.
    expect(some).toHaveLength(1);
    count += some.length;
  }
  expect(count).toBe(17);
});

test('a datagram that the guest may not see is as if it had never come', async () => {
  let asked = 0;
  using sockets = testSockets({
    bindUdp: (local) => ({ ...openHost().bindUdp(local), admit: () => (asked += 1) > 1 }),
  });
  await using sender = await peer();
  const socket = bound(sockets);
  const [incoming] = socket.stream(undefined);
  for (const text of ['first', 'second'])
    sender.send(text, portOf(socket.localAddress()), '127.0.0.1');
  expect(await receive(sockets, incoming)).toEqual(['second']);
});

test('receive(0) is empty, and a bounded one leaves the rest', async () => {
  using sockets = testSockets();
  await using sender = await peer();
  const socket = bound(sockets);
  const [incoming] = socket.stream(undefined);
  for (const text of ['a', 'b', 'c']) sender.send(text, portOf(socket.localAddress()), '127.0.0.1');
  await ready(sockets, incoming);
  expect(incoming.receive(0n)).toEqual([]);
  const texts: string[] = [];
  while (texts.length < 3) {
    await ready(sockets, incoming);
    const some = incoming.receive(2n);
    expect(some.length).toBeLessThanOrEqual(2);
    texts.push(...some.map(({ data }) => Buffer.from(data).toString()));
  }
  expect(texts).toEqual(['a', 'b', 'c']);
  expect(incoming.receive(2n ** 64n - 1n)).toEqual([]);
});

test('options', () => {
  using sockets = testSockets();
  const socket = sockets.createUdp('ipv4');
  expect(socket.unicastHopLimit()).toBe(64);
  expect(payloadOf(() => socket.setUnicastHopLimit(0))).toBe('invalid-argument');
  expect(payloadOf(() => socket.setReceiveBufferSize(0n))).toBe('invalid-argument');
  expect(payloadOf(() => socket.sendBufferSize())).toBe('invalid-state');
  socket.setUnicastHopLimit(3);
  socket.setSendBufferSize(65_536n);
  socket.setReceiveBufferSize(2n ** 40n);
  expect(socket.sendBufferSize()).toBe(65_536n);
  socket.startBind(sockets.network, loopback());
  socket.finishBind();
  expect(socket.unicastHopLimit()).toBe(3);
  expect(socket.sendBufferSize()).toBeGreaterThanOrEqual(65_536n);
  expect(socket.receiveBufferSize()).toBeGreaterThan(0n);
  expect(socket.addressFamily()).toBe('ipv4');
});

test('the socket is closed with the last of it, or with the instance', async () => {
  const before = openSocketCount();
  using sockets = testSockets({}, { files: 1 });
  const socket = bound(sockets);
  const [incoming, outgoing] = socket.stream(undefined);
  socket[Symbol.dispose]();
  outgoing[Symbol.dispose]();
  expect(openSocketCount()).toBe(before + 1);
  incoming[Symbol.dispose]();
  await expect.poll(openSocketCount).toBe(before);
  bound(sockets).stream(undefined);
  sockets.instance.end();
  await expect.poll(openSocketCount).toBe(before);
});
