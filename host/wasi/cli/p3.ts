import type { WasiInstance } from '../instance.ts';
import type { ByteSink } from '../io/index.ts';
import { drain, type GuestStream, hostStream, type HostStream } from '../io/p3.ts';
import { StreamFailure } from '../io/index.ts';
import { exit } from './exit.ts';
import type { CliOptions } from './p2.ts';
import { TerminalInput, TerminalOutput } from './stdio.ts';

/** A `result<_, error-code>` of `wasi:cli/types`. */
type StreamOutcome =
  | { readonly tag: 'ok'; readonly val: undefined }
  | { readonly tag: 'err'; readonly val: 'io' | 'illegal-byte-sequence' | 'pipe' };

const OK = { tag: 'ok', val: undefined } as const;

/** `wasi:cli` 0.3, without `run`, for one instance. */
export function cliP3(instance: WasiInstance, options: CliOptions) {
  const { args, env, cwd, stdin, stdout, stderr, terminals = {} } = options;
  const terminalOutput = (granted: boolean | undefined) =>
    granted === true ? new TerminalOutput(instance) : undefined;
  return {
    'wasi:cli/types@0.3': {},
    'wasi:cli/environment@0.3': {
      getEnvironment: () => env.map(([name, value]): [string, string] => [name, value]),
      getArguments: () => [...args],
      getInitialCwd: () => cwd,
    },
    'wasi:cli/exit@0.3': {
      exit: (status: { readonly tag: 'ok' | 'err' }) => exit(instance, status.tag === 'ok' ? 0 : 1),
      exitWithCode: (code: number) => exit(instance, code),
    },
    'wasi:cli/stdin@0.3': {
      readViaStream: (): [HostStream, Promise<StreamOutcome>] => {
        const { promise, resolve } = Promise.withResolvers<StreamOutcome>();
        // What was not read stays there for the next stream.
        const end = () => resolve(OK);
        const failed = (thrown: unknown) => resolve(failureOf(thrown));
        return [hostStream(instance, stdin, { ended: end, dropped: end, failed }), promise];
      },
    },
    'wasi:cli/stdout@0.3': { writeViaStream: writer(instance, stdout) },
    'wasi:cli/stderr@0.3': { writeViaStream: writer(instance, stderr) },
    'wasi:cli/terminal-input@0.3': { TerminalInput },
    'wasi:cli/terminal-output@0.3': { TerminalOutput },
    'wasi:cli/terminal-stdin@0.3': {
      getTerminalStdin: () => (terminals.stdin === true ? new TerminalInput(instance) : undefined),
    },
    'wasi:cli/terminal-stdout@0.3': { getTerminalStdout: () => terminalOutput(terminals.stdout) },
    'wasi:cli/terminal-stderr@0.3': { getTerminalStderr: () => terminalOutput(terminals.stderr) },
  };
}

function writer(instance: WasiInstance, sink: ByteSink) {
  return (data: GuestStream): Promise<StreamOutcome> =>
    drain(instance, data, sink).then(
      (end): StreamOutcome => (end === 'ended' ? OK : { tag: 'err', val: 'pipe' }),
      (thrown: unknown) => failureOf(instance.fault === undefined ? thrown : closedByHost),
    );
}

const closedByHost = new StreamFailure('io', 'pipe', 'the instance has ended');

/** What is no failure of a stream is a fault of the host, and goes on. */
function failureOf(thrown: unknown): StreamOutcome {
  if (!(thrown instanceof StreamFailure)) throw thrown;
  return { tag: 'err', val: 'io' };
}
