import { AdminClient, adminOptions } from '../admin-client.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { memberList, textMember } from '../answer.ts';

export const list: CommandSpec = {
  name: 'list',
  summary: 'list the functions of a host',
  args: [],
  options: adminOptions,
  examples: [
    { command: 'selvedge list', explains: 'the host on this machine' },
    {
      command: 'selvedge list --admin http://127.0.0.1:9081 --data /var/lib/selvedge --json',
      explains: 'another one, for a script',
    },
  ],
  async run(context) {
    const client = await AdminClient.connect(context);
    const answer = await client.request('GET', '/v1/functions', 'list the functions');
    if (context.output.json) {
      context.output.data(answer);
      return exitCodes.ok;
    }
    const functions = memberList(answer, 'functions');
    if (functions.length === 0) {
      context.output.line('No functions yet. Deploy one: selvedge deploy app.wasm --name app');
      return exitCodes.ok;
    }
    context.output.table(
      ['NAME', 'VERSION', 'LANE', 'CREATED', 'ROUTES'],
      functions.map((one) => [
        textMember(one, 'name'),
        textMember(one, 'version'),
        textMember(one, 'lane'),
        textMember(one, 'createdAt'),
        textMember(one, 'routes'),
      ]),
    );
    return exitCodes.ok;
  },
};
