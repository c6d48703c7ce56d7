import type { CommandSpec, OptionSpec } from './command.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** A completion script made of the commands' data; nothing of selvedge runs while completing. */
export function completionScript(shell: Shell, commands: readonly CommandSpec[]): string {
  if (shell === 'bash') return bash(commands);
  if (shell === 'zsh') return zsh(commands);
  return fish(commands);
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll(/[[\]:]/g, '\\$&');

function bash(commands: readonly CommandSpec[]): string {
  const cases = commands.map((spec) => {
    const flags = spec.options.flatMap((option) => [
      `--${option.name}`,
      ...(option.short === undefined ? [] : [`-${option.short}`]),
    ]);
    const values = spec.options.filter((option) => option.value !== undefined).map(bashValue);
    const words = spec.args.flatMap((argument) => argument.choices ?? []);
    const files = spec.args.some((argument) => argument.completes === 'file');
    return `    ${spec.name})
      case $previous in
${values.join('\n')}
      esac
      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W ${quoted(flags.join(' '))} -- "$current"))
      else COMPREPLY=($(compgen ${files ? '-f ' : ''}-W ${quoted(words.join(' '))} -- "$current")); fi ;;`;
  });
  return `_selvedge() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W ${quoted(['help', ...commands.map(({ name }) => name)].join(' '))} -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
}
complete -o filenames -F _selvedge selvedge`;
}

function bashValue(option: OptionSpec): string {
  const short = option.short === undefined ? '' : `|-${option.short}`;
  const source =
    option.choices !== undefined
      ? `-W ${quoted(option.choices.join(' '))}`
      : option.completes === 'directory'
        ? '-d'
        : option.completes === 'file'
          ? '-f'
          : `-W ''`;
  return `        --${option.name}${short}) COMPREPLY=($(compgen ${source} -- "$current")); return ;;`;
}

function zsh(commands: readonly CommandSpec[]): string {
  const cases = commands.map((spec) => {
    const options = spec.options.flatMap((option) => {
      const names = [
        `--${option.name}`,
        ...(option.short === undefined ? [] : [`-${option.short}`]),
      ];
      const value =
        option.value === undefined ? '' : `:${escaped(option.value)}:${zshAction(option)}`;
      return names.map((name) =>
        quoted(`${option.repeat ? '*' : ''}${name}[${escaped(option.description)}]${value}`),
      );
    });
    const args = spec.args.map((argument) => {
      const optional = argument.required ? '' : ':';
      return quoted(`:${optional}${escaped(argument.name)}:${zshAction(argument)}`);
    });
    return `    ${spec.name}) _arguments ${[...options, ...args].join(' ')} ;;`;
  });
  const names = commands.map(({ name, summary }) => quoted(`${name}:${escaped(summary)}`));
  return `#compdef selvedge
_selvedge() {
  local -a verbs=(${names.join(' ')})
  if (( CURRENT == 2 )); then _describe command verbs; return; fi
  local verb=$words[2]
  shift words; (( CURRENT-- ))
  case $verb in
${cases.join('\n')}
  esac
}
compdef _selvedge selvedge`;
}

function zshAction(one: Pick<OptionSpec, 'choices'> & { readonly completes?: string }): string {
  if (one.choices !== undefined) return `(${one.choices.join(' ')})`;
  if (one.completes === 'directory') return '_files -/';
  return one.completes === 'file' ? '_files' : ' ';
}

function fish(commands: readonly CommandSpec[]): string {
  const lines = ['complete -c selvedge -f'];
  for (const { name, summary, options, args } of commands) {
    lines.push(`complete -c selvedge -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`);
    const here = `complete -c selvedge -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    for (const option of options) {
      const short = option.short === undefined ? '' : ` -s ${option.short}`;
      lines.push(
        `${here} -l ${option.name}${short}${fishValue(option)} -d ${quoted(option.description)}`,
      );
    }
    for (const argument of args) {
      if (argument.choices !== undefined)
        lines.push(`${here} -a ${quoted(argument.choices.join(' '))}`);
      if (argument.completes === 'file') lines.push(`${here} -F`);
    }
  }
  return lines.join('\n');
}

function fishValue(option: OptionSpec): string {
  if (option.value === undefined) return '';
  if (option.choices !== undefined) return ` -x -a ${quoted(option.choices.join(' '))}`;
  if (option.completes === 'directory') return ` -x -a '(__fish_complete_directories)'`;
  return option.completes === 'file' ? ' -r -F' : ' -x';
}
