import dgram from 'node:dgram';
import net from 'node:net';
import {
  type Endpoint,
  socketError,
  type SocketsHost,
  type UdpPort,
} from '../../wasi/sockets/index.ts';
import type { Lookup } from '../capability.ts';
import { judgeAddress, type Reason } from '../network/index.ts';
import type { SocketGuard } from './guard.ts';
import { Peers } from './peers.ts';
import { ResolvedNames } from './resolved-names.ts';

/** Refusals of one instance that are told: a guest that tries in a loop fills no log. */
const MOST_TOLD = 100;

export interface ConfinedNetworkOptions {
  readonly guard: SocketGuard;
  readonly lookup: Lookup;
  /** Told once for each thing that is refused; the guest only learns `access-denied`. */
  readonly denied: (reason: Reason) => void;
}

/** The network as the grants of one version let one of its instances use it. */
export class ConfinedNetwork implements SocketsHost {
  readonly #options: ConfinedNetworkOptions;
  readonly #names = new ResolvedNames();
  readonly #told = new Set<string>();

  constructor(options: ConfinedNetworkOptions) {
    this.#options = options;
  }

  bindTcp(local: Endpoint): net.BoundSocket {
    this.#unless(this.#options.guard.refuseBind('tcp', local));
    return new net.BoundSocket({
      host: local.address,
      port: local.port,
      ipv6Only: local.family === 'ipv6',
    });
  }

  connectTcp(remote: Endpoint, from: net.BoundSocket | undefined): net.Socket {
    this.#unless(this.#refuseConnect('tcp', remote));
    const socket = new net.Socket({
      allowHalfOpen: true,
      ...(from === undefined ? {} : { handle: from }),
    });
    return socket.connect({
      host: remote.address,
      port: remote.port,
      family: remote.family === 'ipv6' ? 6 : 4,
      autoSelectFamily: false,
    });
  }

  listenTcp(bound: net.BoundSocket, requested: Endpoint, backlog: number): net.Server {
    this.#unless(this.#options.guard.refuseListen('tcp', requested));
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
    return server.listen({ handle: bound, backlog });
  }

  bindUdp(local: Endpoint): UdpPort {
    const { guard } = this.#options;
    this.#unless(guard.refuseBind('udp', local));
    const listens = guard.refuseListen('udp', local) === undefined;
    const socket = open(local);
    const peers = new Peers();
    return {
      socket,
      check: (remote) => {
        const refused = this.#refuseConnect('udp', remote);
        if (refused === undefined) return;
        const mayAnswer = peers.has(remote) && guard.refuseOwn('udp', remote) === undefined;
        if (!mayAnswer) this.#unless(refused);
      },
      admit: (remote) => {
        if (listens) peers.hear(remote);
        return listens || this.#refuseConnect('udp', remote) === undefined;
      },
    };
  }

  lookup(name: string, signal: AbortSignal): Promise<readonly string[]> {
    this.#unless(this.#options.guard.refuseName(name));
    return this.#find(name, signal);
  }

  async #find(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const { guard, lookup } = this.#options;
    const found = await lookup(name, signal);
    const reachable = guard.reachable(name, found);
    if (found.length > 0 && reachable.length === 0) this.#unless(notReachable(name, found));
    this.#names.record(
      name,
      reachable.flatMap((text) => judgeAddress(text)?.address ?? []),
    );
    return reachable;
  }

  #refuseConnect(protocol: 'tcp' | 'udp', remote: Endpoint): Reason | undefined {
    const judged = judgeAddress(remote.address);
    const names = judged === undefined ? [] : this.#names.namesOf(judged.address);
    return this.#options.guard.refuseConnect(protocol, remote, names);
  }

  #unless(reason: Reason | undefined): void {
    if (reason === undefined) return;
    if (!this.#told.has(reason.what) && this.#told.size < MOST_TOLD) {
      this.#told.add(reason.what);
      this.#options.denied(reason);
    }
    throw socketError('access-denied');
  }
}

function open(local: Endpoint): dgram.Socket {
  const socket = dgram.createSocket({
    type: local.family === 'ipv6' ? 'udp6' : 'udp4',
    ipv6Only: local.family === 'ipv6',
    // Only literal addresses come here; Node would ask the resolver's thread for each datagram.
    lookup: (host, _options, done) => done(null, host, local.family === 'ipv6' ? 6 : 4),
  });
  try {
    socket.bindSync({ address: local.address, port: local.port });
  } catch (thrown) {
    socket.close();
    throw thrown;
  }
  return socket;
}

function notReachable(name: string, found: readonly string[]): Reason {
  const judged = found.map((text) => judgeAddress(text)).find((each) => each !== undefined);
  const block =
    judged === undefined ? '10.0.0.0/8' : `${judged.address}/${judged.family === 4 ? 32 : 128}`;
  return {
    what: `the addresses of ${name}, none of which is public`,
    fix: `add sockets = [{ connect = "tcp:${name}:443", addresses = ["${block}"] }] (with its protocol and port) to the function's grants`,
  };
}
