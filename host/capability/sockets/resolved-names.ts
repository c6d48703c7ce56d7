/** Names kept for one instance, and addresses kept for each; the oldest go first. */
const MOST_NAMES = 256;
const MOST_ADDRESSES = 64;

/** Which names the guest was given an address for: a connection to it is judged by these. */
export class ResolvedNames {
  readonly #addresses = new Map<string, ReadonlySet<string>>();

  /** A later answer takes the place of an earlier one: an address that a name no longer has is not opened by it. */
  record(name: string, addresses: readonly string[]): void {
    this.#addresses.delete(name);
    this.#addresses.set(name, new Set(addresses.slice(0, MOST_ADDRESSES)));
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > MOST_NAMES && oldest !== undefined) this.#addresses.delete(oldest);
  }

  namesOf(address: string): string[] {
    return [...this.#addresses].flatMap(([name, addresses]) =>
      addresses.has(address) ? [name] : [],
    );
  }
}
