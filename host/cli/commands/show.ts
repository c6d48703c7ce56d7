import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { printFunction } from '../function-view.ts';
import { functionArgument } from './arguments.ts';

export const show: CommandSpec = {
  name: 'show',
  summary: 'show a function: its active version, routes, grants and limits',
  args: [functionArgument],
  options: adminOptions,
  examples: [{ command: 'selvedge show telemetry', explains: 'what telemetry may do' }],
  async run(context) {
    const name = checkedFunctionName(context.args[0]);
    const client = await AdminClient.connect(context);
    const answer = await client.request('GET', functionPath(name), `show ${name}`);
    if (context.output.json) context.output.data(answer);
    else printFunction(answer, context);
    return exitCodes.ok;
  },
};
