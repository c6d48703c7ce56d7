import type { Socket } from 'node:net';
import { socketError } from './errors.ts';

/** Linux takes at most 32767 s and 127 probes (MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT). */
const MOST_SECONDS = 32_767;
const MOST_PROBES = 127;
const SECOND = 1_000_000_000n;

/**
 * The keep-alive options of one socket, applied whenever there is a connection. Node counts whole
 * seconds, so durations are rounded up to them. The defaults are those of Linux and RFC 1122 section 4.2.3.6.
 */
export class KeepAlive {
  #enabled = false;
  #idle = 7200;
  #interval = 75;
  #count = 9;
  #socket: Socket | undefined;

  get enabled(): boolean {
    return this.#enabled;
  }

  set enabled(value: boolean) {
    this.#enabled = value;
    this.#apply();
  }

  /** ns */
  get idleTime(): bigint {
    return BigInt(this.#idle) * SECOND;
  }

  set idleTime(nanoseconds: bigint) {
    this.#idle = seconds(nanoseconds);
    this.#apply();
  }

  /** ns */
  get interval(): bigint {
    return BigInt(this.#interval) * SECOND;
  }

  set interval(nanoseconds: bigint) {
    this.#interval = seconds(nanoseconds);
    this.#apply();
  }

  get count(): number {
    return this.#count;
  }

  set count(value: number) {
    if (value === 0) throw socketError('invalid-argument');
    this.#count = Math.min(value, MOST_PROBES);
    this.#apply();
  }

  /** From now on the options are those of `socket`, which is connected. */
  attach(socket: Socket): void {
    this.#socket = socket;
    if (this.#enabled) this.#apply();
  }

  /** The options of a connection that a listener with these accepted. */
  inherit(): KeepAlive {
    const copy = new KeepAlive();
    copy.#enabled = this.#enabled;
    copy.#idle = this.#idle;
    copy.#interval = this.#interval;
    copy.#count = this.#count;
    return copy;
  }

  #apply(): void {
    this.#socket?.setKeepAlive({
      enable: this.#enabled,
      initialDelay: this.#idle * 1000,
      interval: this.#interval * 1000,
      count: this.#count,
    });
  }
}

function seconds(nanoseconds: bigint): number {
  if (nanoseconds === 0n) throw socketError('invalid-argument');
  const rounded = (nanoseconds + SECOND - 1n) / SECOND;
  return rounded > BigInt(MOST_SECONDS) ? MOST_SECONDS : Number(rounded);
}
