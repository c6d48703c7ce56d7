import { AdminClient, adminOptions, functionPath } from '../admin-client.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes, usageError } from '../errors.ts';
import { checkedFunctionName } from '../function-name.ts';
import { visible } from '../output.ts';
import { functionArgument } from './arguments.ts';

export const invoke: CommandSpec = {
  name: 'invoke',
  summary: 'call an exported function by a line of WAVE and print its result',
  description:
    'For components whose exports are functions. CALL is WAVE (WebAssembly Value Encoding), as\n' +
    '`wasmtime run --invoke` takes it, and so is what is printed. The error of a `result` is\n' +
    'printed too, and the exit code is 1.',
  args: [
    functionArgument,
    { name: 'CALL', description: "function and arguments: 'add(1, 2)'", required: true },
  ],
  options: [
    { name: 'session', value: 'SESSION', description: 'where the handles of resources live' },
    ...adminOptions,
  ],
  examples: [
    { command: "selvedge invoke calc 'add(1, 2)'", explains: '3' },
    { command: `selvedge invoke calc 'greet("Ada", some("Dr."))'`, explains: 'strings, options' },
    { command: `selvedge invoke calc 'shapes/area({x: 1, y: 2.5})'`, explains: 'of an interface' },
  ],
  async run(context) {
    const { args, options, output } = context;
    const name = checkedFunctionName(args[0]);
    const [, call = ''] = args;
    if (!call.includes('(')) {
      throw usageError(
        `${JSON.stringify(call)} is no call: parentheses are missing.`,
        'Write FUNCTION(ARGUMENTS), in quotes for the shell.',
        `selvedge invoke ${name} 'add(1, 2)'`,
      );
    }
    const client = await AdminClient.connect(context);
    const session = options.flag('session');
    const body = JSON.stringify({ wave: call, ...(session === undefined ? {} : { session }) });
    const { answer, failed } = await client.call(
      functionPath(name, '/call'),
      `invoke ${name}`,
      body,
    );
    if (output.json) output.data(answer);
    else {
      output.line(visible(answer.wave ?? '()'));
      if (answer.session !== undefined) output.remark(`session ${visible(answer.session)}`);
    }
    return failed ? exitCodes.failed : exitCodes.ok;
  },
};
