import type { CliDependencies } from './dependencies.ts';
import { usageError } from './errors.ts';
import type { Output } from './output.ts';

/** A command as data: the parser, the help and the shell completion are all made of it. */
export interface CommandSpec {
  readonly name: string;
  /** One line without a full stop, for the list of commands. */
  readonly summary: string;
  /** More, for the command's own help. */
  readonly description?: string;
  readonly args: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly ExampleSpec[];
  /** Does it; resolves to the exit code. */
  run(context: CommandContext): Promise<number>;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** What a shell may complete here. */
  readonly completes?: 'file' | 'choice';
  readonly choices?: readonly string[];
  /** It takes all that is left; only the last one may. */
  readonly variadic?: boolean;
}

export interface OptionSpec {
  /** The long name without dashes: `admin-listen`. */
  readonly name: string;
  /** One letter: `X` for `-X`. */
  readonly short?: string;
  /** What the value is called in the help; absent for a switch. */
  readonly value?: string;
  readonly description: string;
  /** May be given several times. */
  readonly repeat?: boolean;
  /** The environment variable that stands in where the flag is absent. */
  readonly env?: string;
  /** The default as the help shows it. */
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly completes?: 'file' | 'directory';
}

export interface ExampleSpec {
  readonly command: string;
  readonly explains: string;
}

export interface CommandContext {
  readonly args: readonly (string | undefined)[];
  /** What a variadic argument took. */
  readonly rest: readonly string[];
  readonly options: GivenOptions;
  readonly deps: CliDependencies;
  readonly output: Output;
  /** Every command, for those that speak of commands. */
  readonly commands: readonly CommandSpec[];
}

/** `--json` is on every command. */
const jsonOption: OptionSpec = {
  name: 'json',
  description: 'print JSON on stdout, and errors as JSON on stderr',
};

/** A command's own options and the ones that all have. */
export function optionsOf(spec: CommandSpec): readonly OptionSpec[] {
  return [...spec.options, jsonOption];
}

/** What the caller gave: flags first, then the environment. Defaults are the command's own. */
export class GivenOptions {
  readonly #flags: ReadonlyMap<string, string | boolean | readonly string[]>;
  readonly #specs: readonly OptionSpec[];
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(
    flags: ReadonlyMap<string, string | boolean | readonly string[]>,
    specs: readonly OptionSpec[],
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#flags = flags;
    this.#specs = specs;
    this.#env = env;
  }

  /** The flag's value, else its environment variable's (an empty one counts as absent). */
  text(name: string): string | undefined {
    return this.flag(name) ?? this.#fromEnvironment(name);
  }

  /** The flag's value alone. */
  flag(name: string): string | undefined {
    const given = this.#flags.get(name);
    return typeof given === 'string' ? given : undefined;
  }

  list(name: string): readonly string[] {
    const given = this.#flags.get(name);
    if (given === undefined || typeof given === 'boolean') return [];
    return typeof given === 'string' ? [given] : given;
  }

  /** Whether the flag stands on the command line. */
  has(name: string): boolean {
    return this.#flags.has(name);
  }

  isOn(name: string): boolean {
    return this.#flags.get(name) === true;
  }

  /** A whole number from `least` up; anything else is an error that names the flag. */
  count(name: string, least: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least) {
      throw usageError(
        `--${name} must be a whole number from ${least} up, not ${JSON.stringify(text)}.`,
      );
    }
    return number;
  }

  #fromEnvironment(name: string): string | undefined {
    const spec = this.#specs.find((option) => option.name === name);
    const text = spec?.env === undefined ? undefined : this.#env[spec.env];
    if (text === undefined || text === '' || spec === undefined) return undefined;
    if (spec.choices !== undefined && !spec.choices.includes(text)) {
      throw usageError(
        `${spec.env} must be one of ${spec.choices.join(', ')}, not ${JSON.stringify(text)}.`,
      );
    }
    return text;
  }
}
