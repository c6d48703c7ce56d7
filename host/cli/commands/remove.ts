import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { functionArgument } from './arguments.ts';

export const remove: CommandSpec = {
  name: 'remove',
  summary: 'remove a function with all its versions',
  description: 'At a terminal it asks first; a script is not asked.',
  args: [functionArgument],
  options: [
    { name: 'yes', short: 'y', description: 'do not ask' },
    { name: 'dry-run', description: 'show what would be removed, and remove nothing' },
    ...adminOptions,
  ],
  examples: [{ command: 'selvedge remove telemetry', explains: 'it answers no more' }],
  async run(context) {
    const { output, options, deps } = context;
    const name = checkedFunctionName(context.args[0]);
    const client = await AdminClient.connect(context);
    if (options.isOn('dry-run')) {
      await client.request('GET', functionPath(name), `look at ${name}`);
      if (output.json) output.data({ name, removed: false, dryRun: true });
      else output.line(`${name} would be removed with all its versions`);
      return exitCodes.ok;
    }
    if (!options.isOn('yes') && !output.json) {
      const confirm = deps.confirm ?? (await import('../terminal.ts')).confirmAtTerminal;
      const answer = await confirm(`Remove ${name} with all its versions?`);
      if (answer === false) {
        output.remark(`${name} is not removed`);
        return exitCodes.failed;
      }
    }
    await client.request('DELETE', functionPath(name), `remove ${name}`);
    if (output.json) output.data({ name, removed: true });
    else output.line(`${name} is removed`);
    return exitCodes.ok;
  },
};
