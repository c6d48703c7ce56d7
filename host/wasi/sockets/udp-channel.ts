import { Wakers } from '../io/index.ts';
import { type Endpoint, endpointOf, type IpAddressFamily, sameEndpoint } from './address.ts';
import { asSocketError, codeOf, type SocketErrorCode, socketError } from './errors.ts';
import type { UdpPort } from './host.ts';

export interface Datagram {
  readonly data: Uint8Array;
  readonly remote: Endpoint;
}

/** What waits for the guest at most; datagrams beyond are dropped, as the kernel would. */
const MOST_WAITING = 1024;
const MOST_WAITING_BYTES = 1024 * 1024;

/** Datagrams handed to Node that the kernel has not taken yet. */
const MOST_SENDING = 64;

/** The most that a datagram holds: 65535 less the headers of UDP and, for IPv4, of IP (RFC 768, RFC 791). */
const MOST_BYTES: Readonly<Record<IpAddressFamily, number>> = { ipv4: 65_507, ipv6: 65_527 };

/** A bound UDP socket: what came in and waits, what goes out and is on its way. */
export class UdpChannel {
  readonly local: Endpoint;
  /** Datagrams that the guest never sees: too many waited, or it may see none from there. */
  dropped = 0;
  readonly #port: UdpPort;
  readonly #wakers = new Wakers();
  #remote: Endpoint | undefined;
  #waiting: Datagram[] = [];
  #waitingBytes = 0;
  #sending = 0;
  #receiveFailure: SocketErrorCode | undefined;
  #sendFailure: SocketErrorCode | undefined;
  #closed = false;
  readonly #done: () => void;

  /** `done` is called when the socket is closed. */
  constructor(port: UdpPort, done: () => void) {
    this.#port = port;
    this.#done = done;
    const { address, port: number } = port.socket.address();
    const local = endpointOf(address, number);
    if (local === undefined) throw new TypeError(`a socket is bound to ${address}`);
    this.local = local;
    port.socket.on('message', (data, from) => {
      this.#arrived(data, endpointOf(from.address, from.port));
    });
    port.socket.on('error', (thrown) => {
      this.#receiveFailure = codeOf(thrown);
      this.#wakers.wake();
    });
  }

  /** The peer that it exchanges datagrams with, and nobody else; by default anybody. */
  get remote(): Endpoint | undefined {
    return this.#remote;
  }

  /** Throws `access-denied`. What waits from others is dropped. */
  associate(remote: Endpoint | undefined): void {
    if (remote !== undefined) {
      this.#port.check(remote);
      this.#waiting = this.#waiting.filter((each) => sameEndpoint(each.remote, remote));
      this.#waitingBytes = this.#waiting.reduce((sum, each) => sum + each.data.length, 0);
    }
    this.#remote = remote;
    this.#sendFailure = undefined;
  }

  get canReceive(): boolean {
    return this.#waiting.length > 0 || this.#receiveFailure !== undefined;
  }

  /** Datagrams that wait: at most so many and, after the first, so many bytes. Throws what failed since the last call. */
  receive(max: number, bytes: number): Datagram[] {
    const failure = this.#receiveFailure;
    if (failure !== undefined && max > 0) {
      this.#receiveFailure = undefined;
      throw socketError(failure);
    }
    let count = 0;
    let sum = 0;
    for (const { data } of this.#waiting) {
      if (count >= max || (count > 0 && sum + data.length > bytes)) break;
      count += 1;
      sum += data.length;
    }
    this.#waitingBytes -= sum;
    return this.#waiting.splice(0, count);
  }

  /** How many datagrams may be sent now. Throws what failed since the last call. */
  permit(): number {
    const failure = this.#sendFailure;
    if (failure !== undefined) {
      this.#sendFailure = undefined;
      throw socketError(failure);
    }
    return MOST_SENDING - this.#sending;
  }

  get canSend(): boolean {
    return this.#sending < MOST_SENDING || this.#sendFailure !== undefined;
  }

  /** Throws `access-denied`, `datagram-too-large`. What fails later is told by the next `permit`. */
  send(data: Uint8Array, remote: Endpoint): void {
    if (data.length > MOST_BYTES[remote.family]) throw socketError('datagram-too-large');
    this.#port.check(remote);
    this.#sending += 1;
    try {
      this.#port.socket.send(data, remote.port, remote.address, (error) => this.#sent(error));
    } catch (thrown) {
      this.#sending -= 1;
      throw asSocketError(thrown);
    }
  }

  subscribe(wake: () => void): () => void {
    return this.#wakers.subscribe(wake);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#port.socket.close();
    this.#done();
  }

  #arrived(data: Uint8Array, remote: Endpoint | undefined): void {
    if (this.#closed) return;
    // A connected socket of POSIX does not see the datagrams of others, so they are no loss.
    if (this.#remote !== undefined && remote !== undefined && !sameEndpoint(remote, this.#remote))
      return;
    const full =
      this.#waiting.length >= MOST_WAITING || this.#waitingBytes + data.length > MOST_WAITING_BYTES;
    if (remote === undefined || full || !this.#port.admit(remote)) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push({ data, remote });
    this.#waitingBytes += data.length;
    this.#wakers.wake();
  }

  #sent(error: Error | null): void {
    this.#sending -= 1;
    if (error !== null && error !== undefined) this.#sendFailure ??= codeOf(error);
    this.#wakers.wake();
  }
}
