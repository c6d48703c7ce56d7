import type { WasiInstance } from '../instance.ts';
import type { IoError } from '../io/index.ts';
import type { IpAddressFamily } from './address.ts';
import { socketsContext } from './context.ts';
import { IncomingDatagramStream, OutgoingDatagramStream } from './datagram-streams.ts';
import { networkErrorCode } from './errors.ts';
import type { SocketsHost } from './host.ts';
import { ResolveAddressStream, resolver } from './name-lookup.ts';
import { Network } from './network.ts';
import { TcpSocket } from './tcp-socket.ts';
import { UdpSocket } from './udp-socket.ts';

export interface SocketsOptions {
  /** The network, confined to what the instance may use. */
  readonly host: SocketsHost;
}

/** `wasi:sockets` 0.2 for one instance. */
export function socketsP2(instance: WasiInstance, { host }: SocketsOptions) {
  const context = socketsContext(instance, host);
  const resolve = resolver(context);
  return {
    'wasi:sockets/network': {
      Network,
      networkErrorCode: (error: IoError) => networkErrorCode(error),
    },
    'wasi:sockets/instance-network': { instanceNetwork: () => new Network(instance) },
    'wasi:sockets/ip-name-lookup': {
      ResolveAddressStream,
      resolveAddresses: (_network: Network, name: string) => resolve(name),
    },
    'wasi:sockets/tcp': { TcpSocket },
    'wasi:sockets/tcp-create-socket': {
      createTcpSocket: (family: IpAddressFamily) => new TcpSocket(context, family),
    },
    'wasi:sockets/udp': { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
    'wasi:sockets/udp-create-socket': {
      createUdpSocket: (family: IpAddressFamily) => new UdpSocket(context, family),
    },
  };
}

/** The functions of `wasi:sockets` 0.2 that may suspend the guest: none, all waiting is done by pollables. */
export const socketsP2Blocking = [] as const satisfies readonly string[];
