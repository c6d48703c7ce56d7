import { Argument, Command, CommanderError, Option } from 'commander';
import { GivenOptions, optionsOf } from './command.ts';
import type { CommandContext, CommandSpec, OptionSpec } from './command.ts';
import { commands } from './commands/all.ts';
import type { CliDependencies } from './dependencies.ts';
import { exitCodes } from './errors.ts';
import { Output, wantsColour } from './output.ts';

const rootHelp = `
Exit codes:
  0  done
  1  failed; the reason is on stderr
  2  the command line was not understood
  3  no host answers at the address

Environment: each flag that has a variable names it in its command's help.
  NO_COLOR, FORCE_COLOR   colour off, on (by itself: on a terminal only)`;

/**
 * Makes commander's parser of the commands' data, runs what `argv` asks for, and resolves to the
 * exit code. Failures of commands are rejected with, mistakes of usage are printed.
 */
export async function parseAndRun(argv: readonly string[], deps: CliDependencies): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = prepared(new Command('selvedge'), deps)
    .description('Run WebAssembly functions behind HTTP, each with exactly what it was granted.')
    .helpCommand('help [command]', 'show help for a command')
    .version(deps.version, '-V, --version', 'print the version')
    .addHelpText('after', rootHelp);

  for (const spec of commands) {
    const command = prepared(new Command(spec.name), deps).summary(spec.summary).helpCommand(false);
    command.description(
      `${sentence(spec.summary)}${spec.description ? `\n\n${spec.description}` : ''}`,
    );
    for (const argument of spec.args) {
      const text = argument.variadic === true ? `${argument.name}...` : argument.name;
      const name = argument.required ? `<${text}>` : `[${text}]`;
      const made = new Argument(name, argument.description);
      command.addArgument(argument.choices ? made.choices(argument.choices) : made);
    }
    for (const option of optionsOf(spec)) command.addOption(toCommander(option));
    if (spec.examples.length > 0) command.addHelpText('after', examplesOf(spec));
    command.action(async () => {
      exitCode = await spec.run(contextOf(spec, command, deps));
    });
    program.addCommand(command);
  }

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
}

/** `-X, --method <METHOD>`, as the help shows it. */
function flagsOf(option: OptionSpec): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  return `${short}--${option.name}${option.value === undefined ? '' : ` <${option.value}>`}`;
}

function prepared(command: Command, deps: CliDependencies): Command {
  return command
    .exitOverride()
    .helpOption('-h, --help', 'show help')
    .showSuggestionAfterError()
    .showHelpAfterError(
      `(selvedge ${command.name() === 'selvedge' ? '' : `${command.name()} `}--help tells more)`,
    )
    .configureOutput({
      writeOut: (text) => deps.stdout.write(text),
      writeErr: (text) => deps.stderr.write(text),
      getOutHasColors: () => wantsColour(deps.stdout, deps.env),
      getErrHasColors: () => wantsColour(deps.stderr, deps.env),
    });
}

function toCommander(spec: OptionSpec): Option {
  const remarks = [
    ...(spec.repeat ? ['repeatable'] : []),
    ...(spec.default === undefined ? [] : [`default: ${spec.default}`]),
    ...(spec.env === undefined ? [] : [`env: ${spec.env}`]),
  ];
  const remark = remarks.length > 0 ? ` (${remarks.join(', ')})` : '';
  const option = new Option(flagsOf(spec), spec.description + remark);
  if (spec.choices) option.choices(spec.choices);
  if (spec.repeat) {
    const check = option.parseArg;
    option.argParser((text: string, before: readonly string[] | undefined) => {
      check?.(text, undefined);
      return [...(before ?? []), text];
    });
  }
  return option;
}

function contextOf(spec: CommandSpec, command: Command, deps: CliDependencies): CommandContext {
  const given = new Map<string, string | boolean | readonly string[]>();
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (typeof value === 'string' || typeof value === 'boolean') given.set(option.name(), value);
    else if (Array.isArray(value)) given.set(option.name(), value.map(String));
  }
  const options = new GivenOptions(given, optionsOf(spec), deps.env);
  return {
    args: command.processedArgs.map((value: unknown) =>
      typeof value === 'string' ? value : undefined,
    ),
    rest: command.processedArgs.flatMap((value: unknown) =>
      Array.isArray(value) ? value.map(String) : [],
    ),
    options,
    deps,
    output: new Output(deps.stdout, deps.stderr, deps.env, options.isOn('json')),
    commands,
  };
}

function examplesOf(spec: CommandSpec): string {
  const lines = spec.examples.map(({ command, explains }) => `  # ${explains}\n  $ ${command}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
