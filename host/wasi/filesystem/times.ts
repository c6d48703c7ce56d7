import { failure } from './errno.ts';

/** `wasi:clocks/wall-clock.datetime`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** `wasi:filesystem/types.new-timestamp`. */
export type NewTimestamp =
  | { readonly tag: 'no-change' }
  | { readonly tag: 'now' }
  | { readonly tag: 'timestamp'; readonly val: Datetime };

const NANOSECONDS = 1_000_000_000n;

/** 9999-12-31T23:59:59Z, the last second that RFC 3339 can write; later ones are kept differently by every file system. */
const LAST_SECOND = 253_402_300_799n;

/** `undefined` for times before 1970, which a `datetime` cannot hold: the entry can still be listed and read. */
export function datetime(nanoseconds: bigint): Datetime | undefined {
  if (nanoseconds < 0n) return undefined;
  return { seconds: nanoseconds / NANOSECONDS, nanoseconds: Number(nanoseconds % NANOSECONDS) };
}

/**
 * What `utimes` takes for a new timestamp: seconds (a double: exact to about 240 ns in this century), or, for
 * `no-change`, an invalid date, which libuv hands on as `UTIME_OMIT`. Throws `invalid` for nanoseconds of a
 * second and more, `overflow` for a year after 9999.
 */
export function timestampArgument(timestamp: NewTimestamp, now: () => bigint): number | Date {
  if (timestamp.tag === 'no-change') return new Date(Number.NaN);
  if (timestamp.tag === 'now') return Number(now()) / 1e9;
  const { seconds, nanoseconds } = timestamp.val;
  if (nanoseconds >= 1e9) throw failure('invalid');
  if (seconds > LAST_SECOND) throw failure('overflow');
  return Number(seconds) + nanoseconds / 1e9;
}
