import type { Server, Socket } from 'node:net';
import { Wakers } from '../io/index.ts';
import type { SocketBudget } from './descriptors.ts';
import { asSocketError, socketError } from './errors.ts';

/** A connection that waits to be accepted. */
export interface Pending {
  readonly socket: Socket;
  readonly giveBack: () => void;
  readonly forget: () => void;
}

/** A listening socket: connections wait here, at most as many as the backlog says, until the guest accepts them. */
export class TcpListener {
  /** Connections that were refused because too many waited. */
  dropped = 0;
  readonly #server: Server;
  readonly #wakers = new Wakers();
  readonly #budget: SocketBudget;
  readonly #backlog: number;
  readonly #pending: Pending[] = [];
  #aborted = 0;
  #failure: { readonly thrown: unknown } | undefined;

  /** `done` is called when the listening socket is closed. */
  constructor(server: Server, backlog: number, budget: SocketBudget, done: () => void) {
    this.#server = server;
    this.#backlog = backlog;
    this.#budget = budget;
    server.on('connection', (socket) => this.#arrived(socket));
    server.on('listening', () => this.#wakers.wake());
    server.on('error', (thrown) => {
      this.#failure = { thrown };
      this.#wakers.wake();
    });
    server.on('close', done);
  }

  /** Whether it is known that it listens, or that it cannot. */
  get settled(): boolean {
    return this.#server.listening || this.#failure !== undefined;
  }

  /** Throws why it does not listen. */
  check(): void {
    if (this.#failure !== undefined) throw asSocketError(this.#failure.thrown);
  }

  get hasPending(): boolean {
    return this.#pending.length > 0 || this.#aborted > 0;
  }

  subscribe(wake: () => void): () => void {
    return this.#wakers.subscribe(wake);
  }

  /** Throws `would-block` where nobody waits, `connection-aborted` for one that left before. */
  accept(): Pending {
    if (this.#aborted > 0) {
      this.#aborted -= 1;
      throw socketError('connection-aborted');
    }
    const next = this.#pending.shift();
    if (next === undefined) throw socketError('would-block');
    next.forget();
    return next;
  }

  close(): void {
    for (const { socket, forget } of this.#pending.splice(0)) {
      forget();
      socket.destroy();
    }
    // Also where it never listened: then there is nothing to close, and Node says so.
    this.#server.close(() => {});
  }

  #arrived(socket: Socket): void {
    if (this.#pending.length + this.#aborted >= this.#backlog || this.#budget.exhausted) {
      this.dropped += 1;
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    const giveBack = this.#budget.take();
    const lost = () => {
      const at = this.#pending.indexOf(pending);
      if (at === -1) return;
      this.#pending.splice(at, 1);
      this.#aborted += 1;
      this.#wakers.wake();
    };
    const ignore = () => {};
    const pending: Pending = {
      socket,
      giveBack,
      forget: () => {
        socket.off('close', lost);
        socket.off('error', ignore);
      },
    };
    socket.on('error', ignore);
    socket.on('close', lost);
    socket.once('close', giveBack);
    this.#pending.push(pending);
    this.#wakers.wake();
  }
}
