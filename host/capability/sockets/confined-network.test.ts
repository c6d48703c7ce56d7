import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { defaultLimits } from '../../config/index.ts';
import { type Denial, socketsP2, WasiError } from '../../wasi/index.ts';
import type { Endpoint } from '../../wasi/sockets/index.ts';
import type { Reason } from '../network/index.ts';
import { environment, instanceContext, noGrants, socketGrant } from '../testing.ts';
import { ConfinedNetwork } from './confined-network.ts';
import { SocketGuard } from './guard.ts';
import { sockets } from './index.ts';

function confined(grants: readonly string[], answers: Record<string, string[][]> = {}) {
  const denials: Reason[] = [];
  const network = new ConfinedNetwork({
    guard: new SocketGuard(
      grants.map((each) => socketGrant(each)),
      { ownAddresses: () => [], machineAddresses: () => [] },
    ),
    lookup: async (name) => answers[name]?.shift() ?? [],
    denied: (reason) => void denials.push(reason),
  });
  return { network, denials };
}

const here = (port: number): Endpoint => ({ family: 'ipv4', address: '127.0.0.1', port });
const { signal } = new AbortController();
const denied = expect.objectContaining({ payload: 'access-denied' });

function udpPeer(): dgram.Socket {
  const socket = dgram.createSocket('udp4');
  socket.bindSync({ address: '127.0.0.1' });
  onTestFinished(() => void socket.close());
  return socket;
}

test('a connection goes to the literal address that was judged, and nowhere else', async () => {
  const server = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const { network, denials } = confined([`tcp:127.0.0.1:${port}`]);
  const socket = network.connectTcp(here(port), undefined);
  await once(socket, 'connect');
  socket.destroy();
  expect(() => network.connectTcp(here(port === 1 ? 2 : 1), undefined)).toThrow(denied);
  expect(denials).toHaveLength(1);
});

test('nothing is dialled that is denied: no socket is even made', () => {
  const { network } = confined(['*:*:*']);
  const dialled = vi.spyOn(net.Socket.prototype, 'connect').mockReturnThis();
  onTestFinished(() => dialled.mockRestore());
  for (const address of [
    '169.254.169.254',
    '10.0.0.1',
    '127.0.0.1',
    'fe80::1',
    'fd00:ec2::254',
    '64:ff9b::7f00:1',
    '::ffff:127.0.0.1',
  ])
    expect(() =>
      network.connectTcp(
        { family: address.includes(':') ? 'ipv6' : 'ipv4', address, port: 80 },
        undefined,
      ),
    ).toThrow(denied);
  expect(dialled).not.toHaveBeenCalled();
});

test('rebinding: a name that resolves to a public address and then to a loopback one opens only the first', async () => {
  const answers = { 'a.example': [['8.8.8.8', '127.0.0.1'], ['127.0.0.1'], ['9.9.9.9']] };
  const { network, denials } = confined(['udp:a.example:53', 'listen:udp:127.0.0.1:*'], answers);
  const port = network.bindUdp({ ...here(0), address: '127.0.0.1' });
  onTestFinished(() => void port.socket.close());
  const to = (address: string) => () => port.check({ family: 'ipv4', address, port: 53 });
  expect(to('8.8.8.8')).toThrow(denied);
  expect(await network.lookup('a.example', signal)).toEqual(['8.8.8.8']);
  expect(to('8.8.8.8')).not.toThrow();
  expect(to('127.0.0.1')).toThrow(denied);
  await expect(network.lookup('a.example', signal)).rejects.toEqual(denied);
  expect(denials.at(-1)).toMatchObject({
    what: 'the addresses of a.example, none of which is public',
    fix: expect.stringContaining('127.0.0.1/32'),
  });
  expect(to('127.0.0.1')).toThrow(denied);
  // A later answer replaces the earlier one.
  await network.lookup('a.example', signal);
  expect(to('9.9.9.9')).not.toThrow();
  expect(to('8.8.8.8')).toThrow(denied);
});

test('a name that no grant covers is not even asked for', () => {
  let asked = 0;
  const network = new ConfinedNetwork({
    guard: new SocketGuard([socketGrant('tcp:a.example:1')], {
      ownAddresses: () => [],
      machineAddresses: () => [],
    }),
    lookup: async () => {
      asked += 1;
      return [];
    },
    denied: () => {},
  });
  expect(() => network.lookup('b.example', signal)).toThrow(denied);
  expect(asked).toBe(0);
});

test('a socket that listens answers whoever spoke to it, and nobody else', async () => {
  const { network } = confined(['listen:udp:127.0.0.1:*']);
  const port = network.bindUdp(here(0));
  onTestFinished(() => void port.socket.close());
  const [friend, stranger] = [udpPeer(), udpPeer()];
  const spoken = here(friend.address().port);
  expect(() => port.check(spoken)).toThrow(denied);
  expect(port.admit(spoken)).toBe(true);
  expect(() => port.check(spoken)).not.toThrow();
  expect(() => port.check(here(stranger.address().port))).toThrow(denied);
});

test('a socket that only sends hears those it may send to, and nobody else', () => {
  const peer = udpPeer().address().port;
  const { network } = confined([`udp:127.0.0.1:${peer}`]);
  const port = network.bindUdp(here(0));
  onTestFinished(() => void port.socket.close());
  expect(port.admit(here(peer))).toBe(true);
  expect(port.admit(here(peer === 1 ? 2 : 1))).toBe(false);
  expect(() => port.check(here(peer))).not.toThrow();
});

test('a TCP port that was taken to connect from does not become one to listen at', () => {
  const { network } = confined(['tcp:127.0.0.1:1']);
  const bound = network.bindTcp(here(0));
  expect(() => network.listenTcp(bound, here(0), 5)).toThrow(denied);
  bound.close();
});

test('the same refusal is told once, and all of them are bounded', () => {
  const { network, denials } = confined(['tcp:127.0.0.1:1']);
  for (let round = 0; round < 3; round += 1)
    expect(() => network.connectTcp(here(9), undefined)).toThrow(WasiError);
  expect(denials).toHaveLength(1);
  for (let port = 1000; port < 1300; port += 1)
    expect(() => network.connectTcp(here(port), undefined)).toThrow(WasiError);
  expect(denials).toHaveLength(100);
});

test('the capability: any entry links all of wasi:sockets, and what is denied becomes a denial of the instance', async () => {
  expect(sockets.granted(noGrants, 'wasi:sockets/tcp')).toBe(false);
  const grants = { ...noGrants, sockets: [socketGrant('listen:udp:127.0.0.1:*')] };
  expect(sockets.links.every((link) => sockets.granted(grants, link.interface))).toBe(true);
  const denials: Denial[] = [];
  const context = instanceContext(denials);
  const configured = await sockets.configure(grants, defaultLimits(), environment);
  const wasi = sockets.prepare(configured, context) as ReturnType<typeof socketsP2>;
  const network = wasi['wasi:sockets/instance-network'].instanceNetwork();
  const socket = wasi['wasi:sockets/tcp-create-socket'].createTcpSocket('ipv4');
  expect(() =>
    socket.startConnect(network, { tag: 'ipv4', val: { port: 9, address: [127, 0, 0, 1] } }),
  ).toThrow(denied);
  expect(denials).toEqual([
    {
      capability: 'sockets',
      what: 'a connection to tcp:127.0.0.1:9',
      fix: 'add sockets = ["tcp:127.0.0.1:9"] to the function\'s grants, or run with --allow-socket tcp:127.0.0.1:9',
    },
  ]);
  context.instance.end();
});
