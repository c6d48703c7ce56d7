import { expect, test } from 'vitest';
import { testInstance } from '../test-instance.ts';
import { randomP2 } from './p2.ts';

/** Counts up, so that every byte shows where it came from. */
function counting() {
  let next = 0;
  const asked: number[] = [];
  const fill = (bytes: Uint8Array) => {
    asked.push(bytes.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = ++next & 0xff;
  };
  return { fill, asked };
}

function open() {
  const source = counting();
  return { source, interfaces: randomP2(testInstance({ copy: 1024 }).instance, source) };
}

test('bytes are fresh, and as many as asked', () => {
  const { interfaces } = open();
  const { getRandomBytes } = interfaces['wasi:random/random'];
  expect(getRandomBytes(3n)).toEqual(Uint8Array.of(1, 2, 3));
  expect(getRandomBytes(2n)).toEqual(Uint8Array.of(4, 5));
  expect(getRandomBytes(0n)).toHaveLength(0);
  expect(interfaces['wasi:random/insecure'].getInsecureRandomBytes(1n)).toEqual(Uint8Array.of(6));
});

test('integers use all of their 64 bits', () => {
  const { interfaces, source } = open();
  expect(interfaces['wasi:random/random'].getRandomU64()).toBe(0x0807060504030201n);
  expect(interfaces['wasi:random/insecure'].getInsecureRandomU64()).toBe(0x100f0e0d0c0b0a09n);
  expect(interfaces['wasi:random/insecure-seed'].insecureSeed()).toEqual([
    0x1817161514131211n,
    0x201f1e1d1c1b1a19n,
  ]);
  expect(source.asked).toEqual([8, 8, 8, 8]);
});

test.each([1025n, 2n ** 33n, 2n ** 64n - 1n])(
  '%d bytes are over the copy limit: a trap, and nothing is allocated',
  (length) => {
    const { interfaces, source } = open();
    const fault = expect.objectContaining({
      code: 'limit-exceeded',
      details: { limit: 'copy', value: 1024 },
    });
    expect(() => interfaces['wasi:random/random'].getRandomBytes(length)).toThrow(fault);
    expect(() => interfaces['wasi:random/insecure'].getInsecureRandomBytes(length)).toThrow(fault);
    expect(source.asked).toEqual([]);
  },
);
