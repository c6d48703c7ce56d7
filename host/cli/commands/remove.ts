import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { functionArgument } from './arguments.ts';

export const remove: CommandSpec = {
  name: 'remove',
  summary: 'remove a function with all its versions',
  args: [functionArgument],
  options: [
    { name: 'dry-run', description: 'show what would be removed, and remove nothing' },
    ...adminOptions,
  ],
  examples: [{ command: 'selvedge remove telemetry', explains: 'it answers no more' }],
  async run(context) {
    const { output, options } = context;
    const name = checkedFunctionName(context.args[0]);
    const client = await AdminClient.connect(context);
    if (options.isOn('dry-run')) {
      await client.request('GET', functionPath(name), `look at ${name}`);
      if (output.json) output.data({ name, removed: false, dryRun: true });
      else output.line(`${name} would be removed with all its versions`);
      return exitCodes.ok;
    }
    await client.request('DELETE', functionPath(name), `remove ${name}`);
    if (output.json) output.data({ name, removed: true });
    else output.line(`${name} is removed`);
    return exitCodes.ok;
  },
};
