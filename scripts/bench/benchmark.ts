import type { Processes } from './processes.ts';
import type { LoadGenerator } from './load/load.ts';

/** What the command line asks of every benchmark. */
export interface Settings {
  /** Seconds of one measured window. */
  readonly seconds: number;
  /** Windows for each system; the systems take turns. */
  readonly rounds: number;
  /** Connections that the load keeps busy. */
  readonly connections: number;
  /** Also measure other runtimes that are installed on the machine. */
  readonly peers: boolean;
}

/** What a benchmark works with; whatever it starts and writes here ends with the run. */
export interface BenchContext {
  /** The checkout. */
  readonly root: string;
  /** An empty directory of this benchmark alone. */
  readonly scratch: string;
  readonly settings: Settings;
  readonly processes: Processes;
  readonly load: LoadGenerator;
  /** A line for the person who waits; never part of the result. */
  readonly progress: (line: string) => void;
}

export interface BenchResult {
  /** For people: the table and its notes. */
  readonly text: string;
  /** For programs; must be JSON. */
  readonly data: unknown;
  /** False where a row is not to be trusted: the run then ends with exit code 1. */
  readonly valid: boolean;
}

/** One row of `npm run bench -- --help`: a file beside this one, and a line in `benchmarks.ts`. */
export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  /** Runs when no benchmark is named. */
  readonly byDefault: boolean;
  /** Throws a `BenchError` where nothing can be measured at all. */
  run(context: BenchContext): Promise<BenchResult>;
}
