/**
 * `npm run bench`: measures this checkout beside others in one run, and prints ratios.
 *
 * May import `host/base` only: what is measured is started as a user would start it, and asked over
 * HTTP. Must never know how the host works inside. README.md says how to read the figures and how
 * to add a benchmark.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { helpText, parseCommand, type Command } from './arguments.ts';
import { benchmarks } from './benchmarks.ts';
import { BenchError } from './errors.ts';
import { autocannonLoad } from './load/autocannon.ts';
import type { LoadGenerator } from './load/load.ts';
import { wrk } from './load/wrk.ts';
import { describeMachine, machineLine } from './machine.ts';
import { onPath } from './on-path.ts';
import { createProcesses } from './processes.ts';

const root = dirname(dirname(import.meta.dirname));

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv, benchmarks);
  if (command.help) {
    process.stdout.write(helpText(benchmarks));
    return 0;
  }
  const load = chooseLoad(command.load);
  const scratch = mkdtempSync(join(tmpdir(), 'selvedge-bench-'));
  const processes = createProcesses();
  // Synchronous, on the way out of the process, so that it holds for a failure and for Ctrl-C too.
  process.once('exit', () => {
    processes.killAll();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));

  const tables = command.json === '-' ? process.stderr : process.stdout;
  const machine = describeMachine();
  tables.write(`${machineLine(machine)}\n`);
  const results: Record<string, unknown> = {};
  let valid = true;
  for (const benchmark of command.benchmarks) {
    const own = join(scratch, benchmark.name);
    mkdirSync(own);
    const result = await benchmark.run({
      root,
      scratch: own,
      settings: command.settings,
      processes,
      load,
      progress: (line) => process.stderr.write(`${line}\n`),
    });
    tables.write(`\n${result.text}\n`);
    results[benchmark.name] = result.data;
    valid &&= result.valid;
  }
  writeJson(command, { machine, settings: command.settings, valid, results });
  return valid ? 0 : 1;
}

function chooseLoad(asked: Command['load']): LoadGenerator {
  const program = asked === 'autocannon' ? undefined : onPath('wrk');
  if (program !== undefined) return wrk(program);
  if (asked === 'wrk') {
    throw new BenchError({
      code: 'bench-load-absent',
      message: 'wrk is not on the PATH.',
      fix: 'Install wrk, or use --load autocannon',
    });
  }
  return autocannonLoad;
}

function writeJson({ json }: Command, value: unknown): void {
  if (json === undefined) return;
  const text = `${JSON.stringify(value, undefined, 2)}\n`;
  if (json === '-') process.stdout.write(text);
  else writeFileSync(json, text);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  const fix = error.fix === undefined ? '' : `fix: ${error.fix}\n`;
  process.stderr.write(`error: ${error.message}\n${fix}`);
  process.exitCode = 1;
}
