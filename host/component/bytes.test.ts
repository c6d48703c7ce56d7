import { describe, expect, it } from 'vitest';

import { Budget } from './budget.ts';
import { Cursor } from './bytes.ts';
import { errorOf } from './test-support.ts';

const over = (...bytes: number[]): Cursor =>
  new Cursor(Uint8Array.from(bytes), new Budget(), 'component', 0, bytes.length);

describe('LEB128', () => {
  it.each([
    [[0], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0x80, 0x80, 0x80, 0x80, 0x00], 0],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 0xffff_ffff],
  ])('reads %j as u32 %i', (bytes, value) => {
    const cursor = over(...bytes);
    expect(cursor.u32()).toBe(value);
    expect(cursor.done).toBe(true);
  });

  it.each([
    ['bits beyond 32', [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['an end too soon', [0x80]],
    ['nothing', []],
  ])('refuses %s as u32', (_, bytes) => {
    expect(errorOf(() => over(...bytes).u32())).toMatchObject({ code: 'malformed-component' });
  });

  it('reads signed integers and refuses lost bits', () => {
    expect(over(0x7f).s33()).toBe(-1);
    expect(over(0x40).s33()).toBe(-64);
    expect(over(0xff, 0xff, 0xff, 0xff, 0x0f).s33()).toBe(0xffff_ffff);
    expect(over(0xff, 0xff, 0xff, 0xff, 0x7f).s33()).toBe(-1);
    expect(over(0x80, 0x80, 0x80, 0x80, 0x78).signed(32)).toBe(-(2n ** 31n));
    expect(over(...Array.from({ length: 9 }, () => 0xff), 0x01).u64()).toBe(2n ** 64n - 1n);
    expect(errorOf(() => over(0xff, 0xff, 0xff, 0xff, 0x1f).s33()).code).toBe(
      'malformed-component',
    );
    expect(errorOf(() => over(0xff, 0xff, 0xff, 0xff, 0x3f).signed(32)).code).toBe(
      'malformed-component',
    );
    expect(errorOf(() => over(...Array.from({ length: 9 }, () => 0xff), 0x03).u64()).code).toBe(
      'malformed-component',
    );
  });
});

describe('names', () => {
  it('keeps a byte order mark and refuses what is not UTF-8', () => {
    expect(over(3, 0xef, 0xbb, 0xbf).name()).toBe('\uFEFF');
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      const error = errorOf(() => over(bytes.length, ...bytes).name());
      expect(error).toMatchObject({ code: 'malformed-component', offset: 0 });
    }
  });

  it('refuses a length that the bytes do not hold, before taking memory for it', () => {
    expect(errorOf(() => over(5, 0x61).name()).message).toContain('runs past the end');
    expect(errorOf(() => over(0xff, 0xff, 0xff, 0xff, 0x0f).name()).code).toBe('limit-exceeded');
    expect(
      errorOf(() => over(0x80, 0x80, 0x80, 0x08).count('things', 100_000_000)).message,
    ).toContain('do not fit');
  });
});
