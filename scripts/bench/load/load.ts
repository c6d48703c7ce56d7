import type { Processes } from '../processes.ts';

/** One window of load: `connections` clients, each with one request in flight, for `seconds`. */
export interface LoadRequest {
  readonly url: string;
  readonly method: string;
  /** Request body, `undefined` for none. */
  readonly body: string | undefined;
  /** The body of every answer. */
  readonly expected: string;
  readonly connections: number;
  readonly seconds: number;
  /** Send this many requests and wait for every answer, instead of stopping after `seconds`. Only autocannon can. */
  readonly amount?: number;
}

export interface LoadReport {
  /** Answers that came, good or bad. */
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number };
  /** What was wrong with the answers; empty where all were good. */
  readonly faults: readonly string[];
}

/** The program that sends the load, in a process of its own. */
export interface LoadGenerator {
  readonly name: string;
  run(request: LoadRequest, surroundings: LoadSurroundings): Promise<LoadReport>;
}

export interface LoadSurroundings {
  readonly root: string;
  readonly scratch: string;
  readonly processes: Processes;
}

/** A line for each count that is not 0. */
export function faultsOf(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `${count} ${what}`);
}
