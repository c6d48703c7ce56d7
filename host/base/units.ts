import { SelvedgeError } from './errors.ts';

/** A duration or size that is not written as the grammar asks. */
export class UnitError extends SelvedgeError {}

const nanosecondsPer: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const bytesPer: Readonly<Record<string, bigint>> = {
  B: 1n,
  kB: 1_000n,
  MB: 1_000_000n,
  GB: 1_000_000_000n,
  TB: 1_000_000_000_000n,
  KiB: 1n << 10n,
  MiB: 1n << 20n,
  GiB: 1n << 30n,
  TiB: 1n << 40n,
};

/**
 * Nanoseconds of a duration such as `"500ms"`, `"2s"`, `"1.5h"`.
 *
 * Exactly one number and one unit (`ns us ms s m h`), no sign, no space; a fraction is taken
 * only where it is a whole number of nanoseconds. Throws {@link UnitError} (`unit-invalid`).
 */
export function parseDuration(text: string): bigint {
  return parse(text, nanosecondsPer, 'a duration', '"500ms", "2s" or "1m"', 'ns, us, ms, s, m, h');
}

/** Milliseconds of a duration; what is no whole number of them is a {@link UnitError}. */
export function parseMilliseconds(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds % 1_000_000n !== 0n) {
    throw new UnitError({
      code: 'unit-invalid',
      status: 400,
      message: `${quote(text)} is finer than a millisecond.`,
      fix: 'Give a whole number of milliseconds, e.g. "1ms".',
    });
  }
  return safe(nanoseconds / 1_000_000n, text);
}

/**
 * Bytes of a size such as `"64KiB"`, `"1.5GiB"`, `"10MB"`.
 *
 * Exactly one number and one unit (`B kB MB GB TB` of 1000, `KiB MiB GiB TiB` of 1024), case
 * matters. Throws {@link UnitError} (`unit-invalid`).
 */
export function parseBytes(text: string): number {
  return safe(
    parse(text, bytesPer, 'a size', '"64KiB" or "1GiB"', 'B, kB, MB, GB, TB, KiB, MiB, GiB, TiB'),
    text,
  );
}

/** The shortest text that {@link parseDuration} reads back as the same number of nanoseconds. */
export function formatDuration(nanoseconds: bigint): string {
  return format(nanoseconds, nanosecondsPer, ['h', 'm', 's', 'ms', 'us'], 'ns');
}

/** The text that {@link parseMilliseconds} reads back as the same number. */
export function formatMilliseconds(milliseconds: number): string {
  return formatDuration(BigInt(milliseconds) * 1_000_000n);
}

/** The shortest text that {@link parseBytes} reads back as the same number. */
export function formatBytes(bytes: number): string {
  return format(BigInt(bytes), bytesPer, ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB', 'kB'], 'B');
}

function parse(
  text: string,
  units: Readonly<Record<string, bigint>>,
  what: string,
  examples: string,
  list: string,
): bigint {
  const match = /^(\d{1,18})(?:\.(\d{1,12}))?([A-Za-zµ]{1,3})$/u.exec(text);
  const refuse = (message: string): UnitError =>
    new UnitError({
      code: 'unit-invalid',
      status: 400,
      message,
      fix: `Write a number and a unit (${list}), e.g. ${examples}.`,
    });
  if (match === null) throw refuse(`${quote(text)} is not ${what}.`);
  const [, whole = '', fraction = '', unit = ''] = match;
  if (!Object.hasOwn(units, unit)) throw refuse(`${quote(text)} has an unknown unit "${unit}".`);
  const scaled = BigInt(whole + fraction) * (units[unit] ?? 0n);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) throw refuse(`${quote(text)} is finer than the smallest unit.`);
  return scaled / divisor;
}

function format(
  amount: bigint,
  units: Readonly<Record<string, bigint>>,
  order: readonly string[],
  smallest: string,
): string {
  if (amount < 0n) throw new RangeError('a negative amount has no text');
  const unit =
    order.find((name) => amount !== 0n && amount % (units[name] ?? 1n) === 0n) ?? smallest;
  return `${amount / (units[unit] ?? 1n)}${unit}`;
}

function safe(amount: bigint, text: string): number {
  if (amount > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new UnitError({
      code: 'unit-invalid',
      status: 400,
      message: `${quote(text)} is too large.`,
      fix: 'Give a smaller amount.',
    });
  }
  return Number(amount);
}

/** Hostile text may be long and hold control characters; a message holds neither. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
