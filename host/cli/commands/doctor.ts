import { resolve } from 'node:path';
import type { CommandContext, CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checks } from '../doctor-checks.ts';
import type { Finding, Machine } from '../doctor-checks.ts';
import { asUsage } from '../grant-flags.ts';
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
    const { parseListen } = await import('../../config/index.ts');
    const addresses = [
      options.text('listen') ?? hostDefaults.listen,
      options.text('admin-listen') ?? hostDefaults.adminListen,
    ];
    for (const address of addresses) await asUsage(() => parseListen(address));
    return examine(thisMachine(data, addresses), context);
  },
};

function verdict(findings: readonly Pick<Finding, 'state'>[]): string {
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (problems > 0)
    return `A host cannot run here before ${some(problems, 'problem')} (✗) ${problems === 1 ? 'is' : 'are'} mended.`;
  if (warnings > 0) return `A host can run here; mind ${some(warnings, 'warning')} (!).`;
  return 'A host can run here: selvedge serve';
}

const some = (count: number, what: string) =>
  count === 1 ? `the ${what}` : `the ${count} ${what}s`;

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
    const width = Math.max(...findings.map(({ name }) => name.length));
    const indent = ' '.repeat(width + 4);
    for (const { name, state, found, fix } of findings) {
      const [style, mark] = marks[state];
      output.line(`${output.style(style, mark)} ${name.padEnd(width)}  ${visible(found)}`);
      if (fix !== undefined)
        output.line(`${indent}${output.style('cyan', 'fix:')} ${visible(fix)}`);
    }
    output.line();
    output.line(verdict(findings));
  }
  return healthy ? exitCodes.ok : exitCodes.failed;
}
