/** For tests of sockets: a network without any rules but those that a test gives, on loopback only. */
import dgram from 'node:dgram';
import { readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { type TestInstance, testInstance } from '../test-instance.ts';
import type { WasiLimits } from '../instance.ts';
import { type Readiness, untilReady } from '../io/index.ts';
import type { IpAddressFamily, IpSocketAddress } from './address.ts';
import type { SocketsHost } from './host.ts';
import { socketsP2 } from './p2.ts';

export function openHost(rules: Partial<SocketsHost> = {}): SocketsHost {
  return {
    bindTcp: ({ address, port, family }) =>
      new net.BoundSocket({ host: address, port, ipv6Only: family === 'ipv6' }),
    connectTcp: ({ address, port }, from) =>
      new net.Socket({
        allowHalfOpen: true,
        ...(from === undefined ? {} : { handle: from }),
      }).connect({ host: address, port }),
    listenTcp: (bound, _requested, backlog) =>
      net
        .createServer({ allowHalfOpen: true, pauseOnConnect: true })
        .listen({ handle: bound, backlog }),
    bindUdp: ({ address, port, family }) => {
      const socket = dgram.createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
      socket.bindSync({ address, port });
      return { socket, check: () => {}, admit: () => true };
    },
    lookup: async (name) => {
      throw Object.assign(new Error(name), { code: 'ENOTFOUND' });
    },
    ...rules,
  };
}

export function testSockets(rules: Partial<SocketsHost> = {}, limits: Partial<WasiLimits> = {}) {
  const test: TestInstance = testInstance(limits);
  const host = openHost(rules);
  const wasi = socketsP2(test.instance, { host });
  return {
    ...test,
    network: wasi['wasi:sockets/instance-network'].instanceNetwork(),
    createTcp: wasi['wasi:sockets/tcp-create-socket'].createTcpSocket,
    createUdp: wasi['wasi:sockets/udp-create-socket'].createUdpSocket,
    resolve: wasi['wasi:sockets/ip-name-lookup'].resolveAddresses,
    networkErrorCode: wasi['wasi:sockets/network'].networkErrorCode,
    [Symbol.dispose]: () => test.instance.end(),
  };
}

export type TestSockets = ReturnType<typeof testSockets>;

export function loopback(port = 0, family: IpAddressFamily = 'ipv4'): IpSocketAddress {
  return family === 'ipv4'
    ? { tag: 'ipv4', val: { port, address: [127, 0, 0, 1] } }
    : { tag: 'ipv6', val: { port, flowInfo: 0, address: [0, 0, 0, 0, 0, 0, 0, 1], scopeId: 0 } };
}

export function portOf(address: IpSocketAddress): number {
  return address.val.port;
}

/** Waits as a guest does: by the pollable, which is dropped after. */
export async function ready(
  { instance }: TestInstance,
  of: { subscribe(): { readonly readiness: Readiness; [Symbol.dispose](): void } },
): Promise<void> {
  const pollable = of.subscribe();
  await untilReady(instance, pollable.readiness);
  pollable[Symbol.dispose]();
}

/** Sockets of this process, to see that none is left behind. */
export function openSocketCount(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      // The descriptor of the directory that is being read is gone by now.
      return false;
    }
  }).length;
}
