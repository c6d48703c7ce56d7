import { trap } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { Pollable } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import {
  type Endpoint,
  fromEndpoint,
  type IpSocketAddress,
  sameEndpoint,
  toEndpoint,
} from './address.ts';
import { socketError } from './errors.ts';
import type { UdpChannel } from './udp-channel.ts';

/** `wasi:sockets/udp.incoming-datagram`. */
export interface IncomingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress: IpSocketAddress;
}

/** `wasi:sockets/udp.outgoing-datagram`. */
export interface OutgoingDatagram {
  readonly data: Uint8Array;
  readonly remoteAddress?: IpSocketAddress | undefined;
}

/** The end of a socket's use by its streams; until then the socket gives no others. */
type Done = () => void;

/** `wasi:sockets/udp.incoming-datagram-stream`. */
export class IncomingDatagramStream extends HostResource {
  readonly #channel: UdpChannel;
  readonly #done: Done;

  constructor(instance: WasiInstance, channel: UdpChannel, done: Done) {
    super(instance);
    this.#channel = channel;
    this.#done = done;
  }

  /** Never more than `limits.copy` bytes at once beyond the first datagram. */
  receive(maxResults: bigint): IncomingDatagram[] {
    this.instance.check();
    const max = maxResults > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(maxResults);
    return this.#channel
      .receive(max, this.instance.limits.copy)
      .map(({ data, remote }) => ({ data, remoteAddress: fromEndpoint(remote) }));
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, {
      isReady: () => this.#channel.canReceive,
      subscribe: (wake) => this.#channel.subscribe(wake),
    });
  }

  protected override onDispose(): void {
    this.#done();
  }
}

/** `wasi:sockets/udp.outgoing-datagram-stream`. */
export class OutgoingDatagramStream extends HostResource {
  readonly #channel: UdpChannel;
  readonly #done: Done;
  /** What `check-send` permitted; absent where it must be asked first. */
  #permit: number | undefined;

  constructor(instance: WasiInstance, channel: UdpChannel, done: Done) {
    super(instance);
    this.#channel = channel;
    this.#done = done;
  }

  checkSend(): bigint {
    this.instance.check();
    this.#permit = undefined;
    this.#permit = this.#channel.permit();
    return BigInt(this.#permit);
  }

  send(datagrams: readonly OutgoingDatagram[]): bigint {
    this.instance.check();
    if (datagrams.length === 0) return 0n;
    if (this.#permit === undefined) throw trap('outgoing-datagram-stream.send without check-send');
    if (datagrams.length > this.#permit)
      throw trap('outgoing-datagram-stream.send of more datagrams than check-send permitted');
    this.#permit = undefined;
    let sent = 0;
    for (const { data, remoteAddress } of datagrams) {
      try {
        this.#channel.send(data, this.#destination(remoteAddress));
      } catch (thrown) {
        if (sent === 0) throw thrown;
        break;
      }
      sent += 1;
    }
    return BigInt(sent);
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, {
      isReady: () => this.#channel.canSend,
      subscribe: (wake) => this.#channel.subscribe(wake),
    });
  }

  #destination(given: IpSocketAddress | undefined): Endpoint {
    const { remote, local } = this.#channel;
    if (given === undefined) {
      if (remote === undefined) throw socketError('invalid-argument');
      return remote;
    }
    const to = toEndpoint(given, local.family, 'send');
    if (remote !== undefined && !sameEndpoint(to, remote)) throw socketError('invalid-argument');
    return to;
  }

  protected override onDispose(): void {
    this.#done();
  }
}
