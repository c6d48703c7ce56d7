import { trap } from '../errors.ts';
import { alwaysReady, Pollable } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import { fromEndpoint, type IpAddressFamily, type IpSocketAddress, toEndpoint } from './address.ts';
import type { SocketsContext } from './context.ts';
import { IncomingDatagramStream, OutgoingDatagramStream } from './datagram-streams.ts';
import { asSocketError, socketError } from './errors.ts';
import type { UdpPort } from './host.ts';
import type { Network } from './network.ts';
import { UdpChannel } from './udp-channel.ts';

type State =
  | { readonly tag: 'unbound' }
  | {
      readonly tag: 'bind-in-progress' | 'bound';
      readonly port: UdpPort;
      readonly channel: UdpChannel;
    };

/** The hop limit that every socket starts with, set rather than assumed (RFC 1700). */
const HOP_LIMIT = 64;

/** Kernel memory is not the guest's: larger buffers are clamped, as the WIT allows. */
const MOST_BUFFER = 4n * 1024n * 1024n;

/** `wasi:sockets/udp.udp-socket`. */
export class UdpSocket extends HostResource {
  readonly family: IpAddressFamily;
  readonly #context: SocketsContext;
  #state: State = { tag: 'unbound' };
  #hopLimit = HOP_LIMIT;
  /** What the guest asked for before there was a socket to ask it of. */
  #receiveBuffer: number | undefined;
  #sendBuffer: number | undefined;
  #streams = 0;
  /** The socket and its two streams keep the channel open. */
  #disposed = false;

  constructor(context: SocketsContext, family: IpAddressFamily) {
    super(context.instance);
    this.#context = context;
    this.family = family;
  }

  startBind(_network: Network, localAddress: IpSocketAddress): void {
    this.instance.check();
    if (this.#state.tag === 'bind-in-progress') throw socketError('concurrency-conflict');
    if (this.#state.tag === 'bound') throw socketError('invalid-state');
    const local = toEndpoint(localAddress, this.family, 'bind-udp');
    const giveBack = this.#context.budget.take();
    let port: UdpPort;
    try {
      port = this.#context.host.bindUdp(local);
    } catch (thrown) {
      giveBack();
      throw asSocketError(thrown);
    }
    const channel = new UdpChannel(port, giveBack);
    this.#state = { tag: 'bind-in-progress', port, channel };
    port.socket.setTTL(this.#hopLimit);
    if (this.#receiveBuffer !== undefined) port.socket.setRecvBufferSize(this.#receiveBuffer);
    if (this.#sendBuffer !== undefined) port.socket.setSendBufferSize(this.#sendBuffer);
  }

  finishBind(): void {
    this.instance.check();
    if (this.#state.tag !== 'bind-in-progress') throw socketError('not-in-progress');
    this.#state = { ...this.#state, tag: 'bound' };
  }

  /**
   * Traps while streams of an earlier call are alive, as the WIT allows. The association is kept here and not in
   * the kernel, so a peer that refuses (ICMP port unreachable) is not told as `connection-refused`.
   */
  stream(
    remoteAddress: IpSocketAddress | undefined,
  ): [IncomingDatagramStream, OutgoingDatagramStream] {
    this.instance.check();
    if (this.#state.tag !== 'bound') throw socketError('invalid-state');
    if (this.#streams > 0)
      throw trap('udp-socket.stream while streams of an earlier call are alive');
    const { channel } = this.#state;
    channel.associate(
      remoteAddress === undefined ? undefined : toEndpoint(remoteAddress, this.family, 'send'),
    );
    const done = () => {
      this.#streams -= 1;
      this.#release(channel);
    };
    const incoming = new IncomingDatagramStream(this.instance, channel, done);
    this.#streams += 1;
    const outgoing = new OutgoingDatagramStream(this.instance, channel, done);
    this.#streams += 1;
    return [incoming, outgoing];
  }

  localAddress(): IpSocketAddress {
    this.instance.check();
    if (this.#state.tag === 'bind-in-progress') throw socketError('concurrency-conflict');
    return fromEndpoint(this.#bound().channel.local);
  }

  remoteAddress(): IpSocketAddress {
    this.instance.check();
    const { remote } = this.#bound().channel;
    if (remote === undefined) throw socketError('invalid-state');
    return fromEndpoint(remote);
  }

  addressFamily(): IpAddressFamily {
    return this.family;
  }

  unicastHopLimit(): number {
    this.instance.check();
    return this.#hopLimit;
  }

  setUnicastHopLimit(value: number): void {
    this.instance.check();
    if (value === 0) throw socketError('invalid-argument');
    if (this.#state.tag !== 'unbound') this.#state.port.socket.setTTL(value);
    this.#hopLimit = value;
  }

  /** bytes; what the kernel made of the last setting. Before the socket is bound only what was set is known. */
  receiveBufferSize(): bigint {
    this.instance.check();
    if (this.#state.tag !== 'unbound') return BigInt(this.#state.port.socket.getRecvBufferSize());
    return setBefore(this.#receiveBuffer);
  }

  setReceiveBufferSize(value: bigint): void {
    this.instance.check();
    this.#receiveBuffer = clampBuffer(value);
    if (this.#state.tag !== 'unbound')
      this.#state.port.socket.setRecvBufferSize(this.#receiveBuffer);
  }

  /** As `receiveBufferSize`. */
  sendBufferSize(): bigint {
    this.instance.check();
    if (this.#state.tag !== 'unbound') return BigInt(this.#state.port.socket.getSendBufferSize());
    return setBefore(this.#sendBuffer);
  }

  setSendBufferSize(value: bigint): void {
    this.instance.check();
    this.#sendBuffer = clampBuffer(value);
    if (this.#state.tag !== 'unbound') this.#state.port.socket.setSendBufferSize(this.#sendBuffer);
  }

  /** Always ready: binding is done before `start-bind` returns. */
  subscribe(): Pollable {
    return new Pollable(this.instance, alwaysReady);
  }

  #bound(): Extract<State, { tag: 'bind-in-progress' | 'bound' }> {
    if (this.#state.tag !== 'bound') throw socketError('invalid-state');
    return this.#state;
  }

  #release(channel: UdpChannel): void {
    if (this.#disposed && this.#streams === 0) channel.close();
  }

  protected override onDispose(): void {
    this.#disposed = true;
    if (this.#state.tag !== 'unbound') this.#release(this.#state.channel);
  }
}

function clampBuffer(value: bigint): number {
  if (value === 0n) throw socketError('invalid-argument');
  return Number(value > MOST_BUFFER ? MOST_BUFFER : value);
}

function setBefore(size: number | undefined): bigint {
  if (size === undefined) throw socketError('invalid-state');
  return BigInt(size);
}
