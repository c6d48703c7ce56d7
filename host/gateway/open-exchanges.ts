import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface OpenExchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** The requests of each connection that have no complete answer yet, in their order: pipelining makes them more than one. */
export class OpenExchanges {
  readonly #open = new WeakMap<Socket, Set<OpenExchange>>();

  add(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    const exchange = { incoming, outgoing };
    const open = this.#open.get(socket);
    if (open === undefined) this.#open.set(socket, new Set([exchange]));
    else open.add(exchange);
    outgoing.once('close', () => this.#open.get(socket)?.delete(exchange));
  }

  of(socket: Socket): readonly OpenExchange[] {
    return [...(this.#open.get(socket) ?? [])];
  }
}
