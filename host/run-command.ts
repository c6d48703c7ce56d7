/** Puts together what `selvedge run` needs: no server and no store, so that a command starts fast. */
import { createHash, randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemClock } from './base/index.ts';
import { systemLookup } from './capability/index.ts';
import { hostDefaults, type RunOptions } from './cli/index.ts';
import { createJcoBinder } from './component/index.ts';
import { parseFunctionConfig } from './config/index.ts';
import { readProgram, runToExit } from './lanes/index.ts';
import { createRuntimes } from './runtime/index.ts';
import { attach, type StandardStreams } from './terminal/index.ts';
import { GuestFault, type Denial } from './wasi/index.ts';

/** As long as a timer can be: without --timeout a command on the command line may run for ever. Milliseconds. */
const UNLIMITED_MS = 2 ** 31 - 1;

/** Exit codes of `selvedge run` for what is no exit: as a shell reports SIGABRT, and as timeout(1) does. */
const TRAPPED = 134;
const TIMED_OUT = 124;

interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where a host that was started here keeps its token; a grant of `.` is not meant for that. */
function hostData({ cwd, env }: Place): string[] {
  const data = resolve(cwd, env['SELVEDGE_DATA'] ?? hostDefaults.data);
  return existsSync(data) ? [data] : [];
}

/** Runs one command on the given streams, without a host. Resolves with its exit code. */
export async function runCommand(
  options: RunOptions,
  surroundings: StandardStreams & Place,
): Promise<number> {
  const { stderr, cwd } = surroundings;
  const bytes = await readFile(options.file);
  const results: string[] = [];
  const { args, invoke } = options;
  const invocation =
    invoke === undefined
      ? undefined
      : { name: invoke, args, result: (text: string) => void results.push(text) };
  const { program, run } = readProgram(bytes, invocation);
  const config = parseFunctionConfig(options.config, { baseDir: cwd, origin: 'flags' });
  const limited =
    (options.config['limits'] as RunOptions['config'] | undefined)?.['timeout'] !== undefined;
  await using runtime = await createRuntimes({
    binder: createJcoBinder({}),
    environment: {
      clock: systemClock(),
      random: (into) => void randomFillSync(into),
      ownAddresses: () => [],
      ownDirectories: hostData(surroundings),
      lookup: systemLookup,
    },
  }).prepare(
    { program, bytes, sha256: createHash('sha256').update(bytes).digest('hex') },
    limited ? config : { ...config, limits: { ...config.limits, timeout: UNLIMITED_MS } },
    options.signal,
  );
  await using streams = attach(surroundings);
  // The clock's timers do not keep a process alive; a command that sleeps must.
  const alive = setInterval(() => {}, UNLIMITED_MS);
  const scope = {
    ...streams,
    denied: ({ what, fix }: Denial) =>
      void stderr.write(`selvedge: denied: the command asked for ${what}; to allow it: ${fix}\n`),
    onAbandoned(gone: (reason?: Error) => void) {
      const listener = () => gone();
      options.signal.addEventListener('abort', listener);
      if (options.signal.aborted) listener();
      return () => options.signal.removeEventListener('abort', listener);
    },
    command: {
      args: [options.name, ...(invoke === undefined ? args : [])],
      env: [],
      stdin: streams.stdin,
      terminals: streams.terminals,
    },
  };
  try {
    const code = await runToExit(runtime, scope, run);
    for (const text of results) surroundings.stdout.write(`${text}\n`);
    return exitStatus(code);
  } catch (thrown) {
    if (!(thrown instanceof GuestFault)) throw thrown;
    if (thrown.code !== 'client-gone')
      stderr.write(
        `error: ${thrown.message}\n${thrown.fix === undefined ? '' : `fix: ${thrown.fix}\n`}`,
      );
    return thrown.code === 'timeout' ? TIMED_OUT : TRAPPED;
  } finally {
    clearInterval(alive);
  }
}

/** A process's exit code has eight bits; a failure must not become a success by losing the rest. */
function exitStatus(code: number): number {
  return code !== 0 && code % 256 === 0 ? 1 : code % 256;
}
