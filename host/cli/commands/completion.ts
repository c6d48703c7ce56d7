import { optionsOf } from '../command.ts';
import type { CommandSpec } from '../command.ts';
import { exitCodes, usageError } from '../errors.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export const completion: CommandSpec = {
  name: 'completion',
  summary: 'print a script that makes a shell complete selvedge',
  args: [
    {
      name: 'SHELL',
      description: 'the shell',
      required: true,
      choices: shells,
    },
  ],
  options: [],
  examples: [
    { command: 'source <(selvedge completion bash)', explains: 'bash and zsh, for this session' },
    {
      command: 'selvedge completion fish > ~/.config/fish/completions/selvedge.fish',
      explains: 'fish, for good',
    },
  ],
  async run({ args, output, commands }) {
    const { completionScript } = await import('../completion-scripts.ts');
    const shell = shells.find((one) => one === args[0]);
    if (shell === undefined) throw usageError(`SHELL must be one of ${shells.join(', ')}.`);
    const script = completionScript(
      shell,
      commands.map((spec) => ({ ...spec, options: optionsOf(spec) })),
    );
    if (output.json) output.data({ shell, script });
    else output.line(script);
    return exitCodes.ok;
  },
};
