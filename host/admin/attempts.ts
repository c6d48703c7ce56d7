import { isIPv6 } from 'node:net';
import type { Clock } from '../base/index.ts';

/** Wrong tokens from one address before it has to wait; then each further one doubles the wait. */
const FREE_ATTEMPTS = 10;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** An address that has not failed for so long starts anew. */
const FORGET_MS = 15 * 60_000;
/** Addresses that are remembered of either kind; the oldest go first. */
const MAX_ADDRESSES = 10_000;

interface Failures {
  count: number;
  /** Monotonic, ms. */
  last: number;
  blockedUntil: number;
}

/**
 * Slows down whoever guesses tokens, by remote address.
 *
 * An address that has shown the right token is never made to wait with the right token: behind a proxy, or on the
 * machine itself, the owner may share an address with the one who guesses, and must not be locked out by them.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();
  readonly #known = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whole seconds that the address has to wait yet; 0 when it need not. */
  wait(address: string): number {
    const failures = this.#failures.get(networkOf(address));
    return failures === undefined
      ? 0
      : Math.max(0, Math.ceil((failures.blockedUntil - this.#now()) / 1000));
  }

  /** Whether a token from this address is looked at while it has to wait. */
  isKnown(address: string): boolean {
    return this.#known.has(networkOf(address));
  }

  failed(address: string): void {
    const network = networkOf(address);
    const now = this.#now();
    const before = this.#failures.get(network);
    const count = before === undefined || now - before.last > FORGET_MS ? 1 : before.count + 1;
    const over = count - FREE_ATTEMPTS;
    const wait =
      over <= 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** Math.min(over - 1, 20), LONGEST_WAIT_MS);
    this.#failures.delete(network);
    this.#failures.set(network, { count, last: now, blockedUntil: now + wait });
    dropOldest(this.#failures);
  }

  succeeded(address: string): void {
    const network = networkOf(address);
    this.#known.delete(network);
    this.#known.add(network);
    dropOldest(this.#known);
  }

  #now(): number {
    return Number(this.#clock.monotonic() / 1_000_000n);
  }
}

function dropOldest(table: Map<string, unknown> | Set<string>): void {
  if (table.size <= MAX_ADDRESSES) return;
  for (const oldest of table.keys()) {
    table.delete(oldest);
    return;
  }
}

/** Whoever has one IPv6 address has the 2^64 of its network (RFC 4291 section 2.5.4), and counts as one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const plain = address.split('%', 1)[0] ?? '';
  if (!isIPv6(plain)) return address;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? left
      : [
          ...left,
          ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'),
          ...right,
        ];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
