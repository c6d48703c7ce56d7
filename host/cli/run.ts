import type { CliDependencies } from './dependencies.ts';
import { exitCodes } from './errors.ts';

/**
 * Runs one command line (without `node` and the script) and resolves to the exit code: 0 done,
 * 1 failed, 2 not understood, 3 no host at the address. Never rejects for what a user did.
 */
export async function runCli(argv: readonly string[], deps: CliDependencies): Promise<number> {
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
