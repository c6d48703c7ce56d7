import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import { memberList, textMember } from '../answer.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { byteSize } from '../output.ts';
import { functionArgument } from './arguments.ts';

export const versions: CommandSpec = {
  name: 'versions',
  summary: 'list the versions of a function',
  args: [functionArgument],
  options: adminOptions,
  examples: [{ command: 'selvedge versions telemetry', explains: 'what can be activated' }],
  async run(context) {
    const { output } = context;
    const name = checkedFunctionName(context.args[0]);
    const client = await AdminClient.connect(context);
    const path = functionPath(name, '/versions');
    const answer = await client.request('GET', path, `list the versions of ${name}`);
    if (output.json) {
      output.data(answer);
      return exitCodes.ok;
    }
    output.table(
      ['', 'VERSION', 'SHA256', 'SIZE', 'LANE', 'CREATED'],
      memberList(answer, 'versions').map((one) => [
        one['active'] === true ? '*' : '',
        textMember(one, 'version'),
        textMember(one, 'sha256').slice(0, 12),
        typeof one['size'] === 'number' ? byteSize(one['size']) : '-',
        textMember(one, 'lane'),
        textMember(one, 'createdAt'),
      ]),
    );
    return exitCodes.ok;
  },
};
