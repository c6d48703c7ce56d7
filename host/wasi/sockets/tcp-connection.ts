import type { Socket } from 'node:net';
import type { Clock } from '../../base/index.ts';
import { type ByteSink, type ByteSource, type StreamFailure, Wakers } from '../io/index.ts';
import { type Endpoint, endpointOf } from './address.ts';
import { socketFailure } from './errors.ts';

/** Bytes that a guest may write ahead of the kernel. */
const AHEAD = 64 * 1024;

/** ms that a connection which nobody holds any more may take to send what was written to it. */
const LINGER_MS = 2000;

/**
 * One TCP connection and its two directions. It is shared by the socket and its two streams, and closed
 * when the last of them lets go of it.
 */
export class TcpConnection {
  readonly socket: Socket;
  readonly source: ByteSource;
  readonly sink: ByteSink;
  readonly local: Endpoint | undefined;
  readonly remote: Endpoint | undefined;
  readonly #clock: Clock;
  readonly #wakers = new Wakers();
  #holders = 0;
  #failure: StreamFailure | undefined;
  /** A failure is told once to each direction, which is closed from then on (wasi:io/streams). */
  #toldReader = false;
  #toldWriter = false;
  #readEnded = false;
  #writeEnded = false;
  #flushing = false;

  /** `socket` is connected, half-open allowed, and has no listeners of others. `done` is called when it is closed. */
  constructor(socket: Socket, clock: Clock, done: () => void) {
    this.socket = socket;
    this.#clock = clock;
    this.local = endpointOf(socket.localAddress, socket.localPort);
    this.remote = endpointOf(socket.remoteAddress, socket.remotePort);
    // What failed between the connection and now was told to nobody.
    if (socket.errored !== null) this.#failure = socketFailure(socket.errored);
    socket.on('error', (error) => {
      this.#failure ??= socketFailure(error);
      this.#wakers.wake();
    });
    socket.on('end', () => {
      this.#readEnded = true;
      this.#wakers.wake();
    });
    socket.on('close', () => {
      this.#readEnded = true;
      this.#writeEnded = true;
      done();
      this.#wakers.wake();
    });
    socket.on('readable', () => {
      // The end of an empty buffer is only noticed by somebody who reads.
      if (socket.readableLength === 0) socket.read(0);
      this.#wakers.wake();
    });
    if (socket.destroyed) done();
    this.source = this.#makeSource();
    this.sink = this.#makeSink();
  }

  /** Counts a holder; the returned function lets go, and may be called again without effect. */
  hold(): () => void {
    this.#holders += 1;
    let holding = true;
    return () => {
      if (!holding) return;
      holding = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#close();
    };
  }

  shutdown(how: 'receive' | 'send' | 'both'): void {
    if (how !== 'send' && !this.#readEnded) {
      this.#readEnded = true;
      // What still comes is taken and dropped, so that the peer is not held up (SHUT_RD).
      this.socket.removeAllListeners('readable');
      this.socket.resume();
    }
    if (how !== 'receive' && !this.#writeEnded) {
      this.#writeEnded = true;
      this.socket.end();
    }
    this.#wakers.wake();
  }

  #makeSource(): ByteSource {
    const release = this.hold();
    const { socket } = this;
    return {
      isReady: () => this.#readEnded || this.#failure !== undefined || socket.readableLength > 0,
      subscribe: (wake) => this.#wakers.subscribe(wake),
      read: (max) => {
        if (this.#readEnded) return undefined;
        if (this.#failure !== undefined) {
          if (this.#toldReader) return undefined;
          this.#toldReader = true;
          throw this.#failure;
        }
        const available = Math.min(max, socket.readableLength);
        if (available === 0) return new Uint8Array(0);
        const chunk = socket.read(available) as Uint8Array;
        if (socket.readableLength === 0) socket.read(0);
        return chunk;
      },
      close: release,
    };
  }

  #makeSink(): ByteSink {
    const release = this.hold();
    const { socket } = this;
    return {
      isReady: () =>
        this.#writeEnded ||
        this.#failure !== undefined ||
        (!this.#flushing && socket.writableLength < AHEAD),
      subscribe: (wake) => this.#wakers.subscribe(wake),
      permit: () => {
        if (this.#failure !== undefined && !this.#toldWriter) {
          this.#toldWriter = true;
          throw this.#failure;
        }
        if (this.#writeEnded || this.#failure !== undefined) return undefined;
        return this.#flushing ? 0 : Math.max(0, AHEAD - socket.writableLength);
      },
      write: (bytes) => {
        // What fails is told by the event `error`.
        if (bytes.length > 0) socket.write(bytes, () => this.#written());
      },
      flush: () => {
        this.#flushing = socket.writableLength > 0;
      },
      close: release,
    };
  }

  #written(): void {
    if (this.socket.writableLength === 0) this.#flushing = false;
    this.#wakers.wake();
  }

  /** As `close(2)` does: what was written is still sent, within reason. */
  #close(): void {
    const { socket } = this;
    if (socket.destroyed) return;
    if (socket.writableLength === 0) {
      socket.destroy();
      return;
    }
    const cancel = this.#clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', cancel);
    socket.once('finish', () => socket.destroy());
    socket.end();
  }
}
