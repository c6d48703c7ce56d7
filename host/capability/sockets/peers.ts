import type { Endpoint } from '../../wasi/sockets/index.ts';

/** Peers that one UDP socket may answer; those not heard of for longest go first. */
const MOST_PEERS = 4096;

/** Who sent something to a socket that listens: being allowed to listen is being allowed to answer. */
export class Peers {
  readonly #heard = new Set<string>();

  hear(peer: Endpoint): void {
    const key = keyOf(peer);
    this.#heard.delete(key);
    this.#heard.add(key);
    const [oldest] = this.#heard;
    if (this.#heard.size > MOST_PEERS && oldest !== undefined) this.#heard.delete(oldest);
  }

  has(peer: Endpoint): boolean {
    return this.#heard.has(keyOf(peer));
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
