import type dgram from 'node:dgram';
import type net from 'node:net';
import type { Endpoint } from './address.ts';

/**
 * The network as one instance may use it. Everything here is confined already: each call throws
 * `WasiError` `access-denied` for what the guest may not do, and the system's error for what fails.
 * Sockets come as Node's own; whoever gets one closes it.
 */
export interface SocketsHost {
  /** Reserves a local address; port 0 is one that the system chooses. */
  bindTcp(local: Endpoint): net.BoundSocket;
  /** Begins to connect; with a reservation, from there, and then takes it over. */
  connectTcp(remote: Endpoint, from: net.BoundSocket | undefined): net.Socket;
  /** Begins to listen on a reservation, which it takes over. `requested` is what was asked for when it was made. */
  listenTcp(bound: net.BoundSocket, requested: Endpoint, backlog: number): net.Server;
  /** A bound UDP socket. */
  bindUdp(local: Endpoint): UdpPort;
  /**
   * The addresses of an ASCII name. Throws at once where the name may not be asked for; rejects with the
   * resolver's error where it has none.
   */
  lookup(name: string, signal: AbortSignal): Promise<readonly string[]>;
}

export interface UdpPort {
  readonly socket: dgram.Socket;
  /** Throws `access-denied` where no datagram may be sent there. */
  check(remote: Endpoint): void;
  /** Whether the guest may see a datagram from there; others are as if they had never come. */
  admit(remote: Endpoint): boolean;
}
