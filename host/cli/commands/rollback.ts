import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import { members, textMember } from '../answer.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { functionArgument } from './arguments.ts';

export const rollback: CommandSpec = {
  name: 'rollback',
  summary: 'go back to the version that was active before',
  args: [functionArgument],
  options: adminOptions,
  examples: [{ command: 'selvedge rollback telemetry', explains: 'undo the last activation' }],
  async run(context) {
    const name = checkedFunctionName(context.args[0]);
    const client = await AdminClient.connect(context);
    const path = functionPath(name, '/rollback');
    const answer = await client.request('POST', path, `roll ${name} back`);
    if (context.output.json) context.output.data(answer);
    else {
      const version = textMember(members(answer), 'version');
      context.output.line(`${name}: version ${version} is active again`);
    }
    return exitCodes.ok;
  },
};
