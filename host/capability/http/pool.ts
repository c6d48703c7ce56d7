import http from 'node:http';
import type net from 'node:net';
import { callbackify } from 'node:util';
import { dial, type DialOptions, type DialProgress } from './dial.ts';
import type { Target } from './target.ts';

/** Connections at once to one origin, and of the whole version. */
const MAX_PER_ORIGIN = 64;
const MAX_TOTAL = 256;
/** Idle connections kept to one origin, and for how long. */
const MAX_IDLE_PER_ORIGIN = 8;
const IDLE_MS = 15_000;

/** What a request gives the pool besides Node's own options, so that a connection can be made for it. */
export interface Dialling {
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly progress: DialProgress;
}

/** The request options in which `Dialling` travels through Node's agent. */
export interface PooledOptions extends http.RequestOptions {
  readonly dialling: Dialling;
}

type OnSocket = (error: Error | null, socket?: net.Socket) => void;

/**
 * The connections of one version of a function: kept alive between its requests, never shared with
 * another version or function, since a connection may carry an identity. Node's proxy variables have
 * no say here, because every connection is made by `dial`.
 */
export class ConnectionPool implements Disposable {
  readonly #agents: { readonly http: http.Agent; readonly https: http.Agent };
  readonly #sockets = new Set<net.Socket>();
  #disposed = false;

  constructor(options: DialOptions) {
    const connect = callbackify(({ target, signal, progress }: Dialling) =>
      this.#open(target, signal, progress, options),
    );
    this.#agents = { http: agent('http', connect), https: agent('https', connect) };
  }

  /** Open connections, idle ones included. */
  get size(): number {
    return this.#sockets.size;
  }

  async #open(
    target: Target,
    signal: AbortSignal,
    progress: DialProgress,
    options: DialOptions,
  ): Promise<net.Socket> {
    const closed = () => new Error('the connection pool is closed');
    if (this.#disposed) throw closed();
    const socket = await dial(target, options, signal, progress);
    if (this.#disposed) {
      socket.destroy();
      throw closed();
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  agent(scheme: 'http' | 'https'): http.Agent {
    return this.#agents[scheme];
  }

  /** Closes all connections, those in use too. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const each of Object.values(this.#agents)) each.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function agent(
  scheme: 'http' | 'https',
  connect: (dialling: Dialling, done: OnSocket) => void,
): http.Agent {
  const made = new http.Agent({
    keepAlive: true,
    maxSockets: MAX_PER_ORIGIN,
    maxTotalSockets: MAX_TOTAL,
    maxFreeSockets: MAX_IDLE_PER_ORIGIN,
    timeout: IDLE_MS,
    scheduling: 'lifo',
  });
  return Object.assign(made, {
    // Node's client compares it with the scheme of the request.
    protocol: `${scheme}:`,
    createConnection: (options: unknown, done: OnSocket) =>
      connect((options as PooledOptions).dialling, done),
    getName: (options: unknown) => (options as PooledOptions).dialling.target.origin,
  });
}
