import { describe, expect, it } from 'vitest';
import { median, pairedRatio, spread } from './statistics.ts';

describe('median', () => {
  it('sorts by size, not by text', () => {
    expect(median([10, 9, 100])).toBe(10);
  });
  it('is the mean of the middle two for an even count', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
  it('leaves the array as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
  it('refuses what has none', () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => median([1, Number.NaN])).toThrow(RangeError);
  });
});

describe('spread', () => {
  it('keeps the extremes beside the median', () => {
    expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  });
});

describe('pairedRatio', () => {
  it('compares round by round, so that a slow round of both changes nothing', () => {
    expect(pairedRatio([100, 10, 100], [200, 20, 200])).toBe(0.5);
    // The ratio of the medians would be 100 / 20.
    expect(pairedRatio([100, 10, 100], [200, 20, 20])).toBe(0.5);
  });
  it('has no answer for rounds that do not match', () => {
    expect(pairedRatio([], [])).toBeUndefined();
    expect(pairedRatio([1], [1, 2])).toBeUndefined();
    expect(pairedRatio([1], [0])).toBeUndefined();
  });
});
