import { resolve } from 'node:path';
import type { CommandContext, CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checks } from '../doctor-checks.ts';
import type { Machine } from '../doctor-checks.ts';
import { hostDefaults } from '../host-settings.ts';
import { visible } from '../output.ts';

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'check this machine and name what is missing and how to mend it',
  description: 'Warnings leave the exit code at 0, problems make it 1.',
  args: [],
  options: [
    {
      name: 'data',
      value: 'DIR',
      description: 'the data directory to look at',
      env: 'SELVEDGE_DATA',
      default: hostDefaults.data,
      completes: 'directory',
    },
    {
      name: 'listen',
      value: 'HOST:PORT',
      description: 'the edge address that should be free',
      env: 'SELVEDGE_LISTEN',
      default: hostDefaults.listen,
    },
    {
      name: 'admin-listen',
      value: 'HOST:PORT',
      description: 'the admin address that should be free',
      env: 'SELVEDGE_ADMIN_LISTEN',
      default: hostDefaults.adminListen,
    },
  ],
  examples: [{ command: 'selvedge doctor', explains: 'before the first serve' }],
  async run(context) {
    const { options, deps } = context;
    const { thisMachine } = await import('../machine.ts');
    const data = resolve(deps.cwd, options.text('data') ?? hostDefaults.data);
    const addresses = [
      options.text('listen') ?? hostDefaults.listen,
      options.text('admin-listen') ?? hostDefaults.adminListen,
    ];
    return examine(thisMachine(data, addresses), context);
  },
};

/** Runs every check, prints what it found, and gives the exit code. */
export async function examine(
  machine: Machine,
  { output }: Pick<CommandContext, 'output'>,
): Promise<number> {
  const findings = [];
  for (const check of checks) {
    findings.push({ name: check.name, ...(await check.run(machine)) });
  }
  const healthy = findings.every(({ state }) => state !== 'problem');
  if (output.json) {
    output.data({ healthy, findings });
  } else {
    const marks = { ok: ['green', '✓'], warning: ['yellow', '!'], problem: ['red', '✗'] } as const;
    for (const { name, state, found, fix } of findings) {
      const [style, mark] = marks[state];
      output.line(`${output.style(style, mark)} ${name}: ${visible(found)}`);
      if (fix !== undefined) output.line(`    ${output.style('cyan', 'fix:')} ${visible(fix)}`);
    }
  }
  return healthy ? exitCodes.ok : exitCodes.failed;
}
