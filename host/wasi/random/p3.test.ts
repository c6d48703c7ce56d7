import { expect, test } from 'vitest';
import { testInstance } from '../test-instance.ts';
import { randomP3 } from './p3.ts';

const interfaces = (copy: number) =>
  randomP3(testInstance({ copy }).instance, { fill: (bytes) => bytes.fill(7) });

test.each([
  [0n, 0],
  [16n, 16],
  [17n, 16],
  [2n ** 64n - 1n, 16],
])('at most %d bytes are given, never more than limits.copy', (length, given) => {
  const all = interfaces(16);
  const expected = new Uint8Array(given).fill(7);
  expect(all['wasi:random/random@0.3'].getRandomBytes(length)).toEqual(expected);
  expect(all['wasi:random/insecure@0.3'].getInsecureRandomBytes(length)).toEqual(expected);
});

test('numbers and seeds come from the same source', () => {
  const all = interfaces(16);
  const number = 0x0707070707070707n;
  expect(all['wasi:random/random@0.3'].getRandomU64()).toBe(number);
  expect(all['wasi:random/insecure@0.3'].getInsecureRandomU64()).toBe(number);
  expect(all['wasi:random/insecure-seed@0.3'].getInsecureSeed()).toEqual([number, number]);
});
