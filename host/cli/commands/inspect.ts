import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import type { CommandContext, CommandSpec } from '../command.ts';
import { exitCodes, usageError } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { printFunction } from '../function-view.ts';
import { configWithFlags, grantOptions } from '../grant-flags.ts';
import { byteSize } from '../output.ts';

export const inspect: CommandSpec = {
  name: 'inspect',
  summary: 'show what a module is, what it imports and which grants that needs',
  description:
    'With a file: read here, no host is needed; grant flags show what they would cover. ' +
    'With the name of a function: what the host knows of it.',
  args: [
    {
      name: 'FILE|NAME',
      description: 'a .wasm file, or a function',
      required: true,
      completes: 'file',
    },
  ],
  options: [...grantOptions, ...adminOptions],
  examples: [
    { command: 'selvedge inspect app.wasm', explains: 'which grants it needs' },
    {
      command: 'selvedge inspect app.wasm --poll --clock wall',
      explains: 'which are still missing',
    },
    { command: 'selvedge inspect telemetry', explains: 'a function of the running host' },
  ],
  async run(context) {
    const [target] = context.args;
    if (target === undefined) throw usageError('FILE or NAME is missing.');
    const file = resolve(context.deps.cwd, target);
    const isFile = target.endsWith('.wasm') || /[\\/]/.test(target) || existsSync(file);
    return isFile ? inspectFile(context, file) : inspectFunction(context, target);
  },
};

async function inspectFile(context: CommandContext, file: string): Promise<number> {
  const { deps, options, output } = context;
  // The reader is loaded late: no other command needs it.
  const { readModule, reportModule, printReport, printExplanation } =
    await import('../module-report.ts');
  const config = await configWithFlags({}, options, deps.env, deps.cwd);
  const { bytes, sha256 } = await readModule(file);
  const report = reportModule(bytes);
  const explanation = await deps.explainModule(bytes, config);
  if (output.json) {
    output.data({ file, size: bytes.length, sha256, ...report, ...explanation });
    return exitCodes.ok;
  }
  output.fields([
    ['file', file],
    ['kind', report.kind],
    ['size', byteSize(bytes.length)],
    ['sha256', sha256],
  ]);
  printExplanation(explanation, output);
  printReport(report, output);
  return exitCodes.ok;
}

async function inspectFunction(context: CommandContext, target: string): Promise<number> {
  const name = checkedFunctionName(target);
  const client = await AdminClient.connect(context);
  const answer = await client.request('GET', functionPath(name), `inspect ${name}`);
  if (context.output.json) context.output.data(answer);
  else printFunction(answer, context);
  return exitCodes.ok;
}
