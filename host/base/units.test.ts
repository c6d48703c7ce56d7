import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  UnitError,
  formatBytes,
  formatDuration,
  formatMilliseconds,
  parseBytes,
  parseDuration,
  parseMilliseconds,
} from './units.ts';

describe('durations', () => {
  it.each([
    ['1ns', 1n],
    ['0s', 0n],
    ['1us', 1_000n],
    ['2µs', 2_000n],
    ['500ms', 500_000_000n],
    ['2s', 2_000_000_000n],
    ['1.5h', 5_400_000_000_000n],
    ['1m', 60_000_000_000n],
  ])('reads %s', (text, nanoseconds) => {
    expect(parseDuration(text)).toBe(nanoseconds);
  });

  it.each([
    '',
    '5',
    's',
    '1 s',
    ' 1s',
    '1s ',
    '-1s',
    '+1s',
    '1e3s',
    '1.s',
    '.5s',
    '1S',
    '1sec',
    '1m30s',
    '0.5ns',
    '1constructor',
    '٣s',
    '1s\n',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(UnitError);
  });

  it('reads whole milliseconds only, where milliseconds are asked for', () => {
    expect(parseMilliseconds('2000us')).toBe(2);
    expect(() => parseMilliseconds('1500us')).toThrow(/finer than a millisecond/);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 17n }),
        (amount) => parseDuration(formatDuration(amount)) === amount,
      ),
    );
    expect(formatMilliseconds(60_000)).toBe('1m');
    expect(formatDuration(0n)).toBe('0ns');
  });
});

describe('sizes', () => {
  it.each([
    ['1B', 1],
    ['64KiB', 65_536],
    ['1.5GiB', 1_610_612_736],
    ['10MB', 10_000_000],
    ['1kB', 1000],
    ['1TiB', 2 ** 40],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each([
    '',
    '64',
    '64K',
    '64KB',
    '64kib',
    '64 MiB',
    '0.3B',
    '1Zi',
    '1PiB',
    '-1B',
    '999999999999999TiB',
  ])('refuses %j with a way out', (text) => {
    expect(() => parseBytes(text)).toThrow(UnitError);
    expect(() => parseBytes(text)).toThrow(
      expect.objectContaining({ code: 'unit-invalid', status: 400, fix: expect.any(String) }),
    );
  });

  it('reads back what it writes', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (amount) => parseBytes(formatBytes(amount)) === amount));
    expect(formatBytes(128 * 2 ** 20)).toBe('128MiB');
  });

  it('names hostile text shortened and escaped', () => {
    expect(() => parseBytes(`\u001B${'x'.repeat(500)}`)).toThrow(
      /^"\\u001bx{39}…" is not a size\.$/,
    );
  });
});
