import net from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { payloadOf } from '../test-instance.ts';
import { socketError } from './errors.ts';
import { loopback, portOf, ready, testSockets, type TestSockets } from './test-host.ts';
import type { TcpSocket } from './tcp-socket.ts';

function bound(sockets: TestSockets): TcpSocket {
  const socket = sockets.createTcp('ipv4');
  socket.startBind(sockets.network, loopback());
  socket.finishBind();
  return socket;
}

async function listening(sockets: TestSockets): Promise<TcpSocket> {
  const socket = bound(sockets);
  socket.startListen();
  await ready(sockets, socket);
  socket.finishListen();
  return socket;
}

async function connected(sockets: TestSockets, port: number): Promise<TcpSocket> {
  const socket = sockets.createTcp('ipv4');
  socket.startConnect(sockets.network, loopback(port));
  await ready(sockets, socket);
  socket.finishConnect();
  return socket;
}

/** What each call says in a state: `ok`, or the error code. Calls that would change the state are not among them. */
function answers(
  socket: TcpSocket,
  sockets: TestSockets,
  calls: readonly (keyof TcpSocket)[],
): Record<string, unknown> {
  const args: Partial<Record<keyof TcpSocket, readonly unknown[]>> = {
    startBind: [sockets.network, loopback()],
    startConnect: [sockets.network, loopback(9)],
    setListenBacklogSize: [5n],
    shutdown: ['both'],
  };
  return Object.fromEntries(
    calls.map((name) => {
      const call = () =>
        (socket[name] as (...given: readonly unknown[]) => unknown).call(
          socket,
          ...(args[name] ?? []),
        );
      try {
        call();
        return [name, 'ok'];
      } catch (thrown) {
        return [
          name,
          payloadOf(() => {
            throw thrown;
          }),
        ];
      }
    }),
  );
}

test('unbound', () => {
  using sockets = testSockets();
  expect(
    answers(sockets.createTcp('ipv4'), sockets, [
      'finishBind',
      'finishConnect',
      'startListen',
      'finishListen',
      'accept',
      'localAddress',
      'remoteAddress',
      'setListenBacklogSize',
      'shutdown',
    ]),
  ).toEqual({
    finishBind: 'not-in-progress',
    finishConnect: 'not-in-progress',
    startListen: 'invalid-state',
    finishListen: 'not-in-progress',
    accept: 'invalid-state',
    localAddress: 'invalid-state',
    remoteAddress: 'invalid-state',
    setListenBacklogSize: 'ok',
    shutdown: 'invalid-state',
  });
});

test('bind-in-progress, bound', () => {
  using sockets = testSockets();
  const socket = sockets.createTcp('ipv4');
  socket.startBind(sockets.network, loopback());
  expect(
    answers(socket, sockets, [
      'startBind',
      'startConnect',
      'startListen',
      'finishConnect',
      'finishListen',
      'localAddress',
      'remoteAddress',
      'accept',
    ]),
  ).toEqual({
    startBind: 'concurrency-conflict',
    startConnect: 'invalid-state',
    startListen: 'invalid-state',
    finishConnect: 'not-in-progress',
    finishListen: 'not-in-progress',
    localAddress: 'concurrency-conflict',
    remoteAddress: 'invalid-state',
    accept: 'invalid-state',
  });
  socket.finishBind();
  expect(portOf(socket.localAddress())).toBeGreaterThan(0);
  expect(
    answers(socket, sockets, [
      'startBind',
      'finishBind',
      'finishListen',
      'finishConnect',
      'remoteAddress',
      'accept',
      'setListenBacklogSize',
    ]),
  ).toEqual({
    startBind: 'invalid-state',
    finishBind: 'not-in-progress',
    finishListen: 'not-in-progress',
    finishConnect: 'not-in-progress',
    remoteAddress: 'invalid-state',
    accept: 'invalid-state',
    setListenBacklogSize: 'ok',
  });
});

test('listen-in-progress, listening', async () => {
  using sockets = testSockets();
  const socket = bound(sockets);
  socket.startListen();
  expect(
    answers(socket, sockets, [
      'startListen',
      'startBind',
      'startConnect',
      'accept',
      'setListenBacklogSize',
    ]),
  ).toEqual({
    startListen: 'concurrency-conflict',
    startBind: 'invalid-state',
    startConnect: 'invalid-state',
    accept: 'invalid-state',
    setListenBacklogSize: 'not-supported',
  });
  expect(socket.isListening()).toBe(false);
  await ready(sockets, socket);
  socket.finishListen();
  expect(socket.isListening()).toBe(true);
  expect(
    answers(socket, sockets, [
      'startListen',
      'finishListen',
      'startConnect',
      'accept',
      'localAddress',
      'remoteAddress',
      'shutdown',
      'setListenBacklogSize',
    ]),
  ).toEqual({
    startListen: 'invalid-state',
    finishListen: 'not-in-progress',
    startConnect: 'invalid-state',
    accept: 'would-block',
    localAddress: 'ok',
    remoteAddress: 'invalid-state',
    shutdown: 'invalid-state',
    setListenBacklogSize: 'not-supported',
  });
});

test('connect-in-progress, connected', async () => {
  using sockets = testSockets();
  const listener = await listening(sockets);
  const socket = sockets.createTcp('ipv4');
  const to = portOf(listener.localAddress());
  socket.startConnect(sockets.network, loopback(to));
  expect(
    answers(socket, sockets, [
      'finishConnect',
      'startConnect',
      'startBind',
      'remoteAddress',
      'shutdown',
      'setListenBacklogSize',
    ]),
  ).toEqual({
    finishConnect: 'would-block',
    startConnect: 'concurrency-conflict',
    startBind: 'invalid-state',
    remoteAddress: 'concurrency-conflict',
    shutdown: 'concurrency-conflict',
    setListenBacklogSize: 'invalid-state',
  });
  await ready(sockets, socket);
  socket.finishConnect();
  expect(socket.remoteAddress()).toEqual(loopback(to));
  expect(
    answers(socket, sockets, [
      'finishConnect',
      'startConnect',
      'startListen',
      'startBind',
      'localAddress',
      'setListenBacklogSize',
      'shutdown',
      'accept',
    ]),
  ).toEqual({
    finishConnect: 'not-in-progress',
    startConnect: 'invalid-state',
    startListen: 'invalid-state',
    startBind: 'invalid-state',
    localAddress: 'ok',
    setListenBacklogSize: 'invalid-state',
    shutdown: 'ok',
    accept: 'invalid-state',
  });
});

test('a connection that is refused leaves the socket closed, in which everything is invalid', async () => {
  using sockets = testSockets();
  const taken = bound(sockets);
  const socket = sockets.createTcp('ipv4');
  socket.startConnect(sockets.network, loopback(portOf(taken.localAddress())));
  await ready(sockets, socket);
  expect(payloadOf(() => socket.finishConnect())).toBe('connection-refused');
  expect(
    answers(socket, sockets, [
      'startConnect',
      'finishConnect',
      'startBind',
      'localAddress',
      'keepAliveEnabled',
      'hopLimit',
      'shutdown',
    ]),
  ).toEqual({
    startConnect: 'invalid-state',
    finishConnect: 'not-in-progress',
    startBind: 'invalid-state',
    localAddress: 'invalid-state',
    keepAliveEnabled: 'invalid-state',
    hopLimit: 'invalid-state',
    shutdown: 'invalid-state',
  });
});

test('a bind that failed may be tried again, with another address', async () => {
  using sockets = testSockets();
  const taken = portOf((await listening(sockets)).localAddress());
  const socket = sockets.createTcp('ipv4');
  expect(payloadOf(() => socket.startBind(sockets.network, loopback(taken)))).toBe(
    'address-in-use',
  );
  expect(
    payloadOf(() =>
      socket.startBind(sockets.network, { tag: 'ipv4', val: { port: 0, address: [192, 0, 2, 1] } }),
    ),
  ).toBe('address-not-bindable');
  expect(payloadOf(() => socket.startBind(sockets.network, loopback(0, 'ipv6')))).toBe(
    'invalid-argument',
  );
  socket.startBind(sockets.network, loopback());
  socket.finishBind();
});

test('a bound socket connects from where it is bound', async () => {
  using sockets = testSockets();
  const listener = await listening(sockets);
  const client = bound(sockets);
  const from = client.localAddress();
  client.startConnect(sockets.network, listener.localAddress());
  await ready(sockets, client);
  client.finishConnect();
  expect(client.localAddress()).toEqual(from);
  await ready(sockets, listener);
  const [accepted] = listener.accept();
  expect(accepted.remoteAddress()).toEqual(from);
  expect(accepted.localAddress()).toEqual(listener.localAddress());
});

test('what is denied leaves the socket as it was', async () => {
  const deny = () => {
    throw socketError('access-denied');
  };
  using denied = testSockets({ bindTcp: deny });
  const first = denied.createTcp('ipv4');
  expect(payloadOf(() => first.startBind(denied.network, loopback()))).toBe('access-denied');
  expect(payloadOf(() => first.finishBind())).toBe('not-in-progress');
  using sockets = testSockets({ connectTcp: deny, listenTcp: deny }, { files: 1 });
  const second = bound(sockets);
  expect(payloadOf(() => second.startConnect(sockets.network, loopback(9)))).toBe('access-denied');
  expect(payloadOf(() => second.startListen())).toBe('access-denied');
  expect(portOf(second.localAddress())).toBeGreaterThan(0);
  expect(payloadOf(() => second.finishListen())).toBe('not-in-progress');
  second[Symbol.dispose]();
  bound(sockets);
});

test('sockets of the system are counted, and given back', async () => {
  using sockets = testSockets({}, { files: 2 });
  const first = bound(sockets);
  const second = bound(sockets);
  expect(payloadOf(() => bound(sockets))).toBe('new-socket-limit');
  expect(
    payloadOf(() => sockets.createTcp('ipv4').startConnect(sockets.network, loopback(9))),
  ).toBe('new-socket-limit');
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  bound(sockets);
  bound(sockets);
});

test('options: kept where they can be done, refused where they cannot', async () => {
  using sockets = testSockets();
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = await connected(sockets, (server.address() as net.AddressInfo).port);
  expect([
    socket.keepAliveEnabled(),
    socket.keepAliveIdleTime(),
    socket.keepAliveInterval(),
    socket.keepAliveCount(),
  ]).toEqual([false, 7_200_000_000_000n, 75_000_000_000n, 9]);
  socket.setKeepAliveEnabled(true);
  socket.setKeepAliveIdleTime(1n);
  socket.setKeepAliveInterval(2n ** 63n);
  socket.setKeepAliveCount(500);
  expect([
    socket.keepAliveEnabled(),
    socket.keepAliveIdleTime(),
    socket.keepAliveInterval(),
    socket.keepAliveCount(),
  ]).toEqual([true, 1_000_000_000n, 32_767_000_000_000n, 127]);
  for (const call of [
    () => socket.setKeepAliveIdleTime(0n),
    () => socket.setKeepAliveInterval(0n),
    () => socket.setKeepAliveCount(0),
    () => socket.setHopLimit(0),
    () => socket.setReceiveBufferSize(0n),
    () => socket.setSendBufferSize(0n),
    () => socket.setListenBacklogSize(0n),
  ])
    expect(payloadOf(call)).toBe('invalid-argument');
  for (const call of [
    () => socket.hopLimit(),
    () => socket.setHopLimit(5),
    () => socket.receiveBufferSize(),
    () => socket.setReceiveBufferSize(5n),
    () => socket.sendBufferSize(),
    () => socket.setSendBufferSize(5n),
  ])
    expect(payloadOf(call)).toBe('not-supported');
  expect(socket.addressFamily()).toBe('ipv4');
  server.close();
});

test('an accepted socket has the options of its listener', async () => {
  using sockets = testSockets();
  const listener = await listening(sockets);
  listener.setKeepAliveEnabled(true);
  listener.setKeepAliveCount(3);
  await connected(sockets, portOf(listener.localAddress()));
  await ready(sockets, listener);
  const [accepted] = listener.accept();
  listener.setKeepAliveCount(4);
  expect([
    accepted.keepAliveEnabled(),
    accepted.keepAliveCount(),
    accepted.addressFamily(),
  ]).toEqual([true, 3, 'ipv4']);
});
