import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backlog } from './backlog.ts';

test('bytes come out in order, and what came out stays as it was', () => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 300 }));
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const backlog = new Backlog();
      const pushed: number[] = [];
      const taken: Uint8Array[] = [];
      for (const each of steps) {
        if (typeof each === 'number') taken.push(backlog.shift(each));
        else {
          backlog.push(each);
          pushed.push(...each);
        }
      }
      const left = backlog.length;
      taken.push(backlog.shift(left));
      expect(backlog.length).toBe(0);
      expect(taken.flatMap((bytes) => Array.from(bytes))).toEqual(pushed);
    }),
  );
});

test('sixty thousand small writes take one block of memory', () => {
  const backlog = new Backlog();
  const byte = Uint8Array.of(7);
  for (let count = 0; count < 60_000; count++) backlog.push(byte);
  expect(backlog.shift(100_000).buffer.byteLength).toBeLessThanOrEqual(2 * 60_000);
});
