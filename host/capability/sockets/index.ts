import { socketsP2, socketsP2Blocking } from '../../wasi/sockets/index.ts';
import { always, type Capability, granted } from '../capability.ts';
import { machineAddresses } from '../network/index.ts';
import type { Lookup } from '../capability.ts';
import { ConfinedNetwork } from './confined-network.ts';
import { SocketGuard } from './guard.ts';

interface Configured {
  readonly guard: SocketGuard;
  readonly lookup: Lookup;
}

const connectGrant = {
  line: 'sockets = ["tcp:10.0.0.5:1883"]',
  flag: '--allow-socket tcp:10.0.0.5:1883',
};
const udpGrant = {
  line: 'sockets = ["listen:udp:0.0.0.0:1700"]',
  flag: '--allow-socket listen:udp:0.0.0.0:1700',
};
const nameGrant = {
  line: 'sockets = ["tcp:broker.example.com:1883"]',
  flag: '--allow-socket tcp:broker.example.com:1883',
};

/**
 * wasi:sockets, on grant. Any entry links the whole package, because libraries import TCP, UDP and look-up
 * together; where a socket leads and listens, and what may be looked up, is judged at every call.
 */
export const sockets: Capability<Configured> = {
  name: 'sockets',
  links: [
    {
      interface: 'wasi:sockets/network',
      version: '0.2.0',
      functions: always('network-error-code'),
    },
    {
      interface: 'wasi:sockets/instance-network',
      version: '0.2.0',
      functions: granted('instance-network'),
      grant: connectGrant,
    },
    {
      interface: 'wasi:sockets/ip-name-lookup',
      version: '0.2.0',
      functions: granted(
        '[method]resolve-address-stream.resolve-next-address',
        '[method]resolve-address-stream.subscribe',
        'resolve-addresses',
      ),
      grant: nameGrant,
    },
    {
      interface: 'wasi:sockets/tcp',
      version: '0.2.0',
      functions: granted(
        '[method]tcp-socket.start-bind',
        '[method]tcp-socket.finish-bind',
        '[method]tcp-socket.start-connect',
        '[method]tcp-socket.finish-connect',
        '[method]tcp-socket.start-listen',
        '[method]tcp-socket.finish-listen',
        '[method]tcp-socket.accept',
        '[method]tcp-socket.local-address',
        '[method]tcp-socket.remote-address',
        '[method]tcp-socket.is-listening',
        '[method]tcp-socket.address-family',
        '[method]tcp-socket.set-listen-backlog-size',
        '[method]tcp-socket.keep-alive-enabled',
        '[method]tcp-socket.set-keep-alive-enabled',
        '[method]tcp-socket.keep-alive-idle-time',
        '[method]tcp-socket.set-keep-alive-idle-time',
        '[method]tcp-socket.keep-alive-interval',
        '[method]tcp-socket.set-keep-alive-interval',
        '[method]tcp-socket.keep-alive-count',
        '[method]tcp-socket.set-keep-alive-count',
        '[method]tcp-socket.hop-limit',
        '[method]tcp-socket.set-hop-limit',
        '[method]tcp-socket.receive-buffer-size',
        '[method]tcp-socket.set-receive-buffer-size',
        '[method]tcp-socket.send-buffer-size',
        '[method]tcp-socket.set-send-buffer-size',
        '[method]tcp-socket.subscribe',
        '[method]tcp-socket.shutdown',
      ),
      grant: connectGrant,
    },
    {
      interface: 'wasi:sockets/tcp-create-socket',
      version: '0.2.0',
      functions: granted('create-tcp-socket'),
      grant: connectGrant,
    },
    {
      interface: 'wasi:sockets/udp',
      version: '0.2.0',
      functions: granted(
        '[method]udp-socket.start-bind',
        '[method]udp-socket.finish-bind',
        '[method]udp-socket.stream',
        '[method]udp-socket.local-address',
        '[method]udp-socket.remote-address',
        '[method]udp-socket.address-family',
        '[method]udp-socket.unicast-hop-limit',
        '[method]udp-socket.set-unicast-hop-limit',
        '[method]udp-socket.receive-buffer-size',
        '[method]udp-socket.set-receive-buffer-size',
        '[method]udp-socket.send-buffer-size',
        '[method]udp-socket.set-send-buffer-size',
        '[method]udp-socket.subscribe',
        '[method]incoming-datagram-stream.receive',
        '[method]incoming-datagram-stream.subscribe',
        '[method]outgoing-datagram-stream.check-send',
        '[method]outgoing-datagram-stream.send',
        '[method]outgoing-datagram-stream.subscribe',
      ),
      grant: udpGrant,
    },
    {
      interface: 'wasi:sockets/udp-create-socket',
      version: '0.2.0',
      functions: granted('create-udp-socket'),
      grant: udpGrant,
    },
  ],
  blocking: socketsP2Blocking,
  granted: (grants) => grants.sockets.length > 0,
  async configure(grants, _limits, { ownAddresses, lookup }) {
    return { guard: new SocketGuard(grants.sockets, { ownAddresses, machineAddresses }), lookup };
  },
  prepare: ({ guard, lookup }, { instance }) =>
    socketsP2(instance, {
      host: new ConfinedNetwork({
        guard,
        lookup,
        denied: (reason) => instance.denied({ capability: 'sockets', ...reason }),
      }),
    }),
};
