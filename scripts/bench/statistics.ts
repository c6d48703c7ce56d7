/** What is said of several windows of one system: machines are shared, so never one figure alone. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The mean of the middle two for an even count. Throws a `RangeError` for none, or for what is no number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of no values');
  if (values.some((value) => Number.isNaN(value))) throw new RangeError('the median of NaN');
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * The median of `values[i] / base[i]`: what slows the machine in one round slows both, so the ratio
 * of neighbours says more than the ratio of medians. `undefined` where the rounds are not the same.
 */
export function pairedRatio(
  values: readonly number[],
  base: readonly number[],
): number | undefined {
  if (values.length === 0 || values.length !== base.length) return undefined;
  const ratios = values.map((value, round) => value / (base[round] ?? Number.NaN));
  return ratios.every(Number.isFinite) ? median(ratios) : undefined;
}
