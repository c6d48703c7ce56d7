import { resolve } from 'node:path';
import type { CommandContext, CommandSpec } from '../command.ts';
import { usageError } from '../errors.ts';
import { configWithFlags, grantOptions } from '../grant-flags.ts';

const signalNumbers: Readonly<Record<string, number>> = { SIGINT: 2, SIGTERM: 15 };

export const run: CommandSpec = {
  name: 'run',
  summary: 'run a command here, without a host',
  description:
    'Runs a component that exports wasi:cli/run, or a module for wasi_snapshot_preview1, with the\n' +
    'grants of the flags, on the standard streams. What stands after -- are its arguments.\n' +
    "Exits with the command's own exit code; with 134 when it trapped, 124 when --timeout was over,\n" +
    '128 + the number of the signal that ended it, and 1 when it could not be run at all. Without\n' +
    '--timeout it may run as long as it likes. What it asks for and was not granted is told on stderr.',
  args: [
    { name: 'FILE.wasm', description: 'the command', required: true, completes: 'file' },
    { name: 'ARGS', description: 'its arguments, after --', required: false, variadic: true },
  ],
  options: [
    {
      name: 'invoke',
      value: 'FUNC',
      description:
        'call this function of a core module (a reactor) with the numbers after --, and print its results',
    },
    ...grantOptions,
  ],
  examples: [
    { command: 'selvedge run app.wasm -- --verbose input.txt', explains: 'with arguments' },
    {
      command: 'selvedge run app.wasm --dir ./data::/data < in.txt',
      explains: 'with a directory and standard input',
    },
    {
      command: 'selvedge run library.wasm --invoke add -- 1 2',
      explains: 'one function of a reactor',
    },
  ],
  run: runCommand,
};

async function runCommand({ args: [file], rest, options, deps }: CommandContext): Promise<number> {
  if (file === undefined) throw usageError('FILE.wasm is missing.');
  const config = await configWithFlags({}, options, deps.env, deps.cwd);
  const ended = new AbortController();
  let signalled: number | undefined;
  const listener = (signal: string) => {
    const code = 128 + (signalNumbers[signal] ?? 0);
    if (signalled !== undefined) deps.exit(code);
    signalled = code;
    ended.abort();
  };
  deps.signals.on('SIGINT', listener);
  deps.signals.on('SIGTERM', listener);
  try {
    const code = await deps.run({
      file: resolve(deps.cwd, file),
      name: file,
      config,
      args: rest,
      invoke: options.flag('invoke'),
      signal: ended.signal,
    });
    return signalled ?? code;
  } finally {
    deps.signals.off('SIGINT', listener);
    deps.signals.off('SIGTERM', listener);
  }
}
