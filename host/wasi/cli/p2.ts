import type { WasiInstance } from '../instance.ts';
import type { ByteSink, ByteSource } from '../io/index.ts';
import { exit } from './exit.ts';
import { outputStream, stdinStream, TerminalInput, TerminalOutput } from './stdio.ts';

export interface CliOptions {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  /** What relative paths start from; `undefined` leaves it to the guest. */
  readonly cwd?: string | undefined;
  /** The three streams are never closed from here: they belong to whoever made them. */
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Which of them are terminals; none by default. */
  readonly terminals?:
    | { readonly stdin?: boolean; readonly stdout?: boolean; readonly stderr?: boolean }
    | undefined;
}

/** `wasi:cli` 0.2, without `run`, for one instance. */
export function cliP2(instance: WasiInstance, options: CliOptions) {
  const { args, env, cwd, stdin, stdout, stderr, terminals = {} } = options;
  const terminalOutput = (granted: boolean | undefined) =>
    granted === true ? new TerminalOutput(instance) : undefined;
  return {
    'wasi:cli/environment': {
      getEnvironment: () => env.map(([name, value]): [string, string] => [name, value]),
      getArguments: () => [...args],
      initialCwd: () => cwd,
    },
    'wasi:cli/exit': {
      exit: (status: { readonly tag: 'ok' | 'err' }) => exit(instance, status.tag === 'ok' ? 0 : 1),
      exitWithCode: (code: number) => exit(instance, code),
    },
    'wasi:cli/stdin': { getStdin: () => stdinStream(instance, stdin) },
    'wasi:cli/stdout': { getStdout: () => outputStream(instance, stdout) },
    'wasi:cli/stderr': { getStderr: () => outputStream(instance, stderr) },
    'wasi:cli/terminal-input': { TerminalInput },
    'wasi:cli/terminal-output': { TerminalOutput },
    'wasi:cli/terminal-stdin': {
      getTerminalStdin: () => (terminals.stdin === true ? new TerminalInput(instance) : undefined),
    },
    'wasi:cli/terminal-stdout': { getTerminalStdout: () => terminalOutput(terminals.stdout) },
    'wasi:cli/terminal-stderr': { getTerminalStderr: () => terminalOutput(terminals.stderr) },
  };
}

/** Nothing in `wasi:cli` 0.2 suspends the guest: its streams do. */
export const cliP2Blocking: readonly string[] = [];
