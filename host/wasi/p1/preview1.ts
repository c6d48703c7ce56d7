import { Clocks, type ClocksOptions } from '../clocks/index.ts';
import { type CliOptions, outputStream, stdinStream } from '../cli/index.ts';
import { type FilesystemOptions, openPreopens } from '../filesystem/index.ts';
import type { WasiInstance } from '../instance.ts';
import type { RandomSource } from '../random/index.ts';
import { clockFunctions, randomFunctions } from './clock.ts';
import { directoryFunctions } from './directories.ts';
import { fail } from './errno.ts';
import { FdTable } from './fd-table.ts';
import { fdFunctions } from './fds.ts';
import { GuestMemory } from './guest-memory.ts';
import { pathFunctions } from './paths.ts';
import { pollFunctions } from './poll.ts';
import { processFunctions } from './process.ts';
import { DIRECTORY_RIGHTS, FILE_RIGHTS, INPUT_RIGHTS, OUTPUT_RIGHTS } from './rights.ts';
import { guestFunction, type Implementation, type State } from './state.ts';

/** The name of the module that core modules import preview1 from. */
export const PREVIEW1 = 'wasi_snapshot_preview1';

/** What an instance is given; the same objects as the shells of WASI 0.2 take. */
export interface Preview1Options {
  readonly cli: Omit<CliOptions, 'cwd'>;
  readonly clocks: ClocksOptions & { readonly wall: boolean };
  readonly random: RandomSource;
  readonly filesystem: FilesystemOptions;
}

/** The functions that an instance imports, and where to hand in the memory that they work on. */
export interface Preview1Host {
  readonly functions: Readonly<
    Record<string, (...args: (number | bigint)[]) => number | Promise<number>>
  >;
  /** Once, when the module has been instantiated, with the memory that it exports. */
  attach(memory: WebAssembly.Memory): void;
}

const encoder = new TextEncoder();

/** `wasi_snapshot_preview1` for one instance: descriptors 0 to 2 are the standard streams, preopens follow from 3. */
export function preview1(instance: WasiInstance, options: Preview1Options): Preview1Host {
  const memory = new GuestMemory();
  const fds = new FdTable();
  const { resolution, wall } = options.clocks;
  const state: State = { instance, memory, fds, clocks: new Clocks(instance, resolution), wall };
  addStreams(instance, fds, options.cli);
  for (const [descriptor, name] of openPreopens(instance, options.filesystem)) {
    fds.add({
      kind: 'directory',
      descriptor,
      rights: DIRECTORY_RIGHTS,
      inheriting: DIRECTORY_RIGHTS | FILE_RIGHTS,
      flags: 0,
      preopen: encoder.encode(name),
      reading: undefined,
    });
  }
  const implementations: Record<string, Implementation> = {
    ...processFunctions(state, options.cli),
    ...clockFunctions(state),
    ...randomFunctions(state, options.random),
    ...fdFunctions(state),
    ...directoryFunctions(state),
    ...pathFunctions(state),
    ...pollFunctions(state),
    ...socketFunctions(state),
  };
  return {
    functions: Object.fromEntries(
      Object.entries(implementations).map(([name, work]) => [name, guestFunction(state, work)]),
    ),
    attach: (attached) => memory.attach(attached),
  };
}

function addStreams(
  instance: WasiInstance,
  fds: FdTable,
  { stdin, stdout, stderr, terminals = {} }: Preview1Options['cli'],
): void {
  const common = { inheriting: 0n, flags: 0 };
  const output = { kind: 'output', rights: OUTPUT_RIGHTS, ...common } as const;
  fds.add({
    kind: 'input',
    rights: INPUT_RIGHTS,
    ...common,
    stream: stdinStream(instance, stdin),
    terminal: terminals.stdin === true,
  });
  fds.add({
    ...output,
    stream: outputStream(instance, stdout),
    terminal: terminals.stdout === true,
  });
  fds.add({
    ...output,
    stream: outputStream(instance, stderr),
    terminal: terminals.stderr === true,
  });
}

/** No descriptor is ever a socket: preview1 can only take over sockets that it is given, and none is given. */
function socketFunctions({ fds }: State): Record<string, Implementation> {
  const none: Implementation = (number: number) => {
    fds.get(number);
    fail('notsock');
  };
  return { sock_accept: none, sock_recv: none, sock_send: none, sock_shutdown: none };
}
