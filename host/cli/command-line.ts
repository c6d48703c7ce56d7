import type { GivenOptions, OptionSpec } from './command.ts';

/** A word as a POSIX shell takes it: quoted where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The flags that were given, as they would be typed again. Switches, values and lists alike. */
export function typedFlags(specs: readonly OptionSpec[], given: GivenOptions): readonly string[] {
  return specs.flatMap(({ name, value, repeat }) => {
    if (!given.has(name)) return [];
    if (value === undefined) return [`--${name}`];
    const texts = repeat === true ? given.list(name) : [given.flag(name) ?? ''];
    return texts.map((text) => `--${name} ${shellWord(text)}`);
  });
}
