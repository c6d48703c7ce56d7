import type { BoundSocket, Socket } from 'node:net';
import { InputStream, OutputStream, Pollable, type Readiness, Wakers } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import {
  type Endpoint,
  endpointOf,
  fromEndpoint,
  type IpAddressFamily,
  type IpSocketAddress,
  toEndpoint,
} from './address.ts';
import type { SocketsContext } from './context.ts';
import { asSocketError, socketError } from './errors.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Network } from './network.ts';
import { TcpConnection } from './tcp-connection.ts';
import { TcpListener } from './tcp-listener.ts';

export type ShutdownType = 'receive' | 'send' | 'both';

interface Reservation {
  readonly bound: BoundSocket;
  readonly requested: Endpoint;
  readonly local: Endpoint;
  readonly giveBack: () => void;
}

/** The states of `TcpSocketOperationalSemantics.md` (wasi-sockets 0.2). */
type State =
  | { readonly tag: 'unbound' | 'closed' }
  | { readonly tag: 'bind-in-progress' | 'bound'; readonly reservation: Reservation }
  | {
      readonly tag: 'listen-in-progress' | 'listening';
      readonly listener: TcpListener;
      readonly local: Endpoint;
    }
  | { readonly tag: 'connect-in-progress'; readonly attempt: Attempt }
  | {
      readonly tag: 'connected';
      readonly connection: TcpConnection;
      readonly release: () => void;
    };

interface Attempt {
  readonly socket: Socket;
  readonly giveBack: () => void;
  outcome: 'pending' | 'connected' | { readonly thrown: unknown };
}

/** Connections that wait to be accepted, unless the guest says otherwise, and at most. */
const BACKLOG = 128;
const MOST_BACKLOG = 1024;

/** `wasi:sockets/tcp.tcp-socket`. */
export class TcpSocket extends HostResource {
  readonly family: IpAddressFamily;
  readonly #context: SocketsContext;
  readonly #wakers = new Wakers();
  #keepAlive = new KeepAlive();
  #backlog = BACKLOG;
  #state: State = { tag: 'unbound' };

  constructor(context: SocketsContext, family: IpAddressFamily) {
    super(context.instance);
    this.#context = context;
    this.family = family;
  }

  startBind(_network: Network, localAddress: IpSocketAddress): void {
    this.#open();
    if (this.#state.tag === 'bind-in-progress') throw socketError('concurrency-conflict');
    if (this.#state.tag !== 'unbound') throw socketError('invalid-state');
    const requested = toEndpoint(localAddress, this.family, 'bind-tcp');
    const giveBack = this.#context.budget.take();
    try {
      const bound = this.#context.host.bindTcp(requested);
      const { address, port } = bound.address();
      const local = endpointOf(address, port) ?? requested;
      this.#enter({ tag: 'bind-in-progress', reservation: { bound, requested, local, giveBack } });
    } catch (thrown) {
      giveBack();
      throw asSocketError(thrown);
    }
  }

  finishBind(): void {
    this.instance.check();
    if (this.#state.tag !== 'bind-in-progress') throw socketError('not-in-progress');
    this.#enter({ tag: 'bound', reservation: this.#state.reservation });
  }

  startConnect(_network: Network, remoteAddress: IpSocketAddress): void {
    this.#open();
    const state = this.#state;
    if (state.tag === 'connect-in-progress') throw socketError('concurrency-conflict');
    if (state.tag !== 'unbound' && state.tag !== 'bound') throw socketError('invalid-state');
    const remote = toEndpoint(remoteAddress, this.family, 'connect');
    const reservation = state.tag === 'bound' ? state.reservation : undefined;
    const giveBack = reservation?.giveBack ?? this.#context.budget.take();
    let socket: Socket;
    try {
      socket = this.#context.host.connectTcp(remote, reservation?.bound);
    } catch (thrown) {
      if (reservation === undefined) giveBack();
      throw asSocketError(thrown);
    }
    const attempt: Attempt = { socket, giveBack, outcome: 'pending' };
    socket.once('connect', () => {
      attempt.outcome = 'connected';
      this.#wakers.wake();
    });
    socket.on('error', (thrown) => {
      if (attempt.outcome === 'pending') attempt.outcome = { thrown };
      this.#wakers.wake();
    });
    socket.once('close', giveBack);
    this.#enter({ tag: 'connect-in-progress', attempt });
  }

  finishConnect(): [InputStream, OutputStream] {
    this.instance.check();
    if (this.#state.tag !== 'connect-in-progress') throw socketError('not-in-progress');
    const { attempt } = this.#state;
    if (attempt.outcome === 'pending') throw socketError('would-block');
    if (attempt.outcome !== 'connected') {
      attempt.socket.destroy();
      this.#enter({ tag: 'closed' });
      throw asSocketError(attempt.outcome.thrown);
    }
    return this.#connected(attempt.socket, attempt.giveBack);
  }

  startListen(): void {
    this.#open();
    const state = this.#state;
    if (state.tag === 'listen-in-progress') throw socketError('concurrency-conflict');
    if (state.tag !== 'bound') throw socketError('invalid-state');
    const { bound, requested, local, giveBack } = state.reservation;
    try {
      const server = this.#context.host.listenTcp(bound, requested, this.#backlog);
      const listener = new TcpListener(server, this.#backlog, this.#context.budget, giveBack);
      listener.subscribe(() => this.#wakers.wake());
      this.#enter({ tag: 'listen-in-progress', listener, local });
    } catch (thrown) {
      throw asSocketError(thrown);
    }
  }

  finishListen(): void {
    this.instance.check();
    if (this.#state.tag !== 'listen-in-progress') throw socketError('not-in-progress');
    const { listener, local } = this.#state;
    if (!listener.settled) throw socketError('would-block');
    try {
      listener.check();
    } catch (thrown) {
      listener.close();
      this.#enter({ tag: 'closed' });
      throw thrown;
    }
    this.#enter({ tag: 'listening', listener, local });
  }

  accept(): [TcpSocket, InputStream, OutputStream] {
    this.#open();
    if (this.#state.tag !== 'listening') throw socketError('invalid-state');
    const { socket, giveBack } = this.#state.listener.accept();
    let accepted: TcpSocket | undefined;
    try {
      accepted = new TcpSocket(this.#context, this.family);
      accepted.#keepAlive = this.#keepAlive.inherit();
      return [accepted, ...accepted.#connected(socket, giveBack)];
    } catch (thrown) {
      socket.destroy();
      accepted?.[Symbol.dispose]();
      throw thrown;
    }
  }

  localAddress(): IpSocketAddress {
    this.#open();
    const state = this.#state;
    switch (state.tag) {
      case 'bind-in-progress':
        throw socketError('concurrency-conflict');
      case 'bound':
        return fromEndpoint(state.reservation.local);
      case 'listen-in-progress':
      case 'listening':
        return fromEndpoint(state.local);
      case 'connect-in-progress': {
        const { localAddress, localPort } = state.attempt.socket;
        return known(endpointOf(localAddress, localPort));
      }
      case 'connected':
        return known(state.connection.local);
      default:
        throw socketError('invalid-state');
    }
  }

  remoteAddress(): IpSocketAddress {
    this.#open();
    if (this.#state.tag === 'connect-in-progress') throw socketError('concurrency-conflict');
    if (this.#state.tag !== 'connected') throw socketError('invalid-state');
    return known(this.#state.connection.remote);
  }

  isListening(): boolean {
    return this.#state.tag === 'listening';
  }

  addressFamily(): IpAddressFamily {
    return this.family;
  }

  setListenBacklogSize(value: bigint): void {
    this.#open();
    if (value === 0n) throw socketError('invalid-argument');
    const { tag } = this.#state;
    if (tag === 'connect-in-progress' || tag === 'connected') throw socketError('invalid-state');
    if (tag === 'listen-in-progress' || tag === 'listening') throw socketError('not-supported');
    this.#backlog = value > BigInt(MOST_BACKLOG) ? MOST_BACKLOG : Number(value);
  }

  keepAliveEnabled(): boolean {
    this.#open();
    return this.#keepAlive.enabled;
  }

  setKeepAliveEnabled(value: boolean): void {
    this.#open();
    this.#keepAlive.enabled = value;
  }

  keepAliveIdleTime(): bigint {
    this.#open();
    return this.#keepAlive.idleTime;
  }

  setKeepAliveIdleTime(value: bigint): void {
    this.#open();
    this.#keepAlive.idleTime = value;
  }

  keepAliveInterval(): bigint {
    this.#open();
    return this.#keepAlive.interval;
  }

  setKeepAliveInterval(value: bigint): void {
    this.#open();
    this.#keepAlive.interval = value;
  }

  keepAliveCount(): number {
    this.#open();
    return this.#keepAlive.count;
  }

  setKeepAliveCount(value: number): void {
    this.#open();
    this.#keepAlive.count = value;
  }

  /** `not-supported`, as the setter: Node gives no access to IP_TTL and the buffers of TCP sockets. */
  hopLimit(): number {
    this.#open();
    throw socketError('not-supported');
  }

  setHopLimit(value: number): void {
    this.#open();
    throw socketError(value === 0 ? 'invalid-argument' : 'not-supported');
  }

  receiveBufferSize(): bigint {
    this.#open();
    throw socketError('not-supported');
  }

  setReceiveBufferSize(value: bigint): void {
    this.#open();
    throw socketError(value === 0n ? 'invalid-argument' : 'not-supported');
  }

  sendBufferSize(): bigint {
    this.#open();
    throw socketError('not-supported');
  }

  setSendBufferSize(value: bigint): void {
    this.#open();
    throw socketError(value === 0n ? 'invalid-argument' : 'not-supported');
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, this.#readiness());
  }

  shutdown(shutdownType: ShutdownType): void {
    this.#open();
    if (this.#state.tag === 'connect-in-progress') throw socketError('concurrency-conflict');
    if (this.#state.tag !== 'connected') throw socketError('invalid-state');
    this.#state.connection.shutdown(shutdownType);
  }

  #readiness(): Readiness {
    return {
      isReady: () => {
        const state = this.#state;
        if (state.tag === 'listen-in-progress') return state.listener.settled;
        if (state.tag === 'listening') return state.listener.hasPending;
        if (state.tag === 'connect-in-progress') return state.attempt.outcome !== 'pending';
        return true;
      },
      subscribe: (wake) => this.#wakers.subscribe(wake),
    };
  }

  #connected(socket: Socket, giveBack: () => void): [InputStream, OutputStream] {
    const { instance } = this;
    const connection = new TcpConnection(socket, instance.clock, giveBack);
    this.#keepAlive.attach(socket);
    this.#enter({ tag: 'connected', connection, release: connection.hold() });
    try {
      return [
        new InputStream(instance, connection.source),
        new OutputStream(instance, connection.sink),
      ];
    } catch (thrown) {
      // Over the limit of resources: a stream that was never made lets go of nothing.
      socket.destroy();
      throw thrown;
    }
  }

  #enter(state: State): void {
    this.#state = state;
    this.#wakers.wake();
  }

  /** In the state `closed` every method is `invalid-state`. */
  #open(): void {
    this.instance.check();
    if (this.#state.tag === 'closed') throw socketError('invalid-state');
  }

  protected override onDispose(): void {
    const state = this.#state;
    this.#state = { tag: 'closed' };
    switch (state.tag) {
      case 'bind-in-progress':
      case 'bound':
        state.reservation.bound.close();
        state.reservation.giveBack();
        break;
      case 'listen-in-progress':
      case 'listening':
        state.listener.close();
        break;
      case 'connect-in-progress':
        state.attempt.socket.destroy();
        break;
      case 'connected':
        state.release();
        break;
    }
  }
}

/** A connection may be gone before it was looked at, and then the system no longer knows its ends. */
function known(endpoint: Endpoint | undefined): IpSocketAddress {
  if (endpoint === undefined) throw socketError('invalid-state');
  return fromEndpoint(endpoint);
}
