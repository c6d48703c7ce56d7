import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { checkedVersion, functionArgument, versionArgument } from './arguments.ts';

export const activate: CommandSpec = {
  name: 'activate',
  summary: 'make a version of a function the one that answers',
  description: 'Requests in flight finish on the version they started on.',
  args: [functionArgument, versionArgument],
  options: adminOptions,
  examples: [
    { command: 'selvedge activate telemetry 3', explains: 'version 3 answers from now on' },
  ],
  async run(context) {
    const name = checkedFunctionName(context.args[0]);
    const version = checkedVersion(context.args[1], name);
    const client = await AdminClient.connect(context);
    const path = functionPath(name, `/versions/${version}/activate`);
    const answer = await client.request('POST', path, `activate version ${version} of ${name}`);
    if (context.output.json) context.output.data(answer ?? { name, version: Number(version) });
    else context.output.line(`${name}: version ${version} is active`);
    return exitCodes.ok;
  },
};
