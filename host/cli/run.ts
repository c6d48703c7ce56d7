import type { CliDependencies } from './dependencies.ts';
import { CliError, exitCodes } from './errors.ts';
import { GuardedSink } from './guarded-sink.ts';

/**
 * Runs one command line (without `node` and the script) and resolves to the exit code: 0 done,
 * 1 failed, 2 not understood, 3 no host at the address. Never rejects for what a user did, and
 * outlives a reader of stdout or stderr that goes away: the exit code is then the command's own.
 */
export async function runCli(argv: readonly string[], given: CliDependencies): Promise<number> {
  const stdout = new GuardedSink(given.stdout);
  const deps: CliDependencies = { ...given, stdout, stderr: new GuardedSink(given.stderr) };
  const code = await runCommand(argv, deps);
  // A stream tells of a failed write only in a later turn.
  await new Promise((resolve) => void setImmediate(resolve));
  if (stdout.failure === undefined) return code;
  const { presentError } = await import('./present-error.ts');
  const error = new CliError({
    code: 'output-failed',
    status: 500,
    message: 'The output cannot be written.',
    cause: stdout.failure,
    fix: 'Write it to a place that has room.',
  });
  return presentError(error, deps.stderr, deps.env, argv.includes('--json'));
}

async function runCommand(argv: readonly string[], deps: CliDependencies): Promise<number> {
  const [only] = argv;
  if (argv.length === 1 && (only === '--version' || only === '-V')) {
    deps.stdout.write(`${deps.version}\n`);
    return exitCodes.ok;
  }
  try {
    // Loaded late, so that the version above costs nothing.
    const { parseAndRun } = await import('./program.ts');
    if (argv.length === 0) {
      await parseAndRun(['--help'], deps);
      return exitCodes.usage;
    }
    return await parseAndRun(argv, deps);
  } catch (error) {
    const { presentError } = await import('./present-error.ts');
    return presentError(error, deps.stderr, deps.env, argv.includes('--json'));
  }
}
