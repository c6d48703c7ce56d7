import type { Benchmark } from './benchmark.ts';
import { echo } from './echo.ts';
import { footprint } from './footprint.ts';
import { hello } from './hello.ts';

/** Every benchmark, in the order they run. */
export const benchmarks: readonly Benchmark[] = [hello, echo, footprint];
