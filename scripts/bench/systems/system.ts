import { createServer } from 'node:net';
import { once } from 'node:events';
import type { Processes, Started } from '../processes.ts';

/** What every system is asked to serve, and how its answers are checked. */
export interface Workload {
  readonly name: 'hello' | 'echo';
  readonly title: string;
  readonly method: string;
  /** Path of the request; the fixture answers every one alike. */
  readonly path: string;
  readonly body: string | undefined;
  readonly expected: string;
  /** Whether the guest needs the grant `poll` where grants are asked for. */
  readonly poll: boolean;
}

export interface SystemContext {
  readonly root: string;
  readonly scratch: string;
  readonly processes: Processes;
}

export interface RunningSystem {
  readonly process: Started;
  /** `http://127.0.0.1:PORT`; it may not answer there yet. */
  readonly origin: string;
}

/** Something that answers HTTP with a fixture: a row of the table. */
export interface System {
  /** Stable, for programs: `selvedge/request`. */
  readonly id: string;
  readonly title: string;
  /** What of a guest two requests share, in words. */
  readonly isolation: string;
  /** Measured only when peers are asked for. */
  readonly peer: boolean;
  /** It ends, or stops answering, when a client leaves within a request: its windows end only after the last answer. */
  readonly needsLastAnswer?: boolean;
  /** Throws `NotHere` where this machine does not have it. */
  start(workload: Workload, context: SystemContext): Promise<RunningSystem>;
}

/** Where a workload's guest lies, relative to the checkout. */
export function fixtureOf(workload: Workload): string {
  return `fixtures/${workload.name}.wasm`;
}

/** A port of 127.0.0.1 that is free now, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address');
  return address.port;
}
