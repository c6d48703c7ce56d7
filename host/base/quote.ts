/** Controls, format characters such as those that turn text around, line and paragraph separators, lone surrogates. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * A string of somebody else's as it may stand in a message: in quotes, short, and with nothing in it that ends a
 * line, drives a terminal or changes the order in which text is shown.
 *
 * @param max UTF-16 units that are shown.
 */
export function quote(text: string, max = 120): string {
  const shown = text.length > max ? `${text.slice(0, max - 3)}...` : text;
  return JSON.stringify(shown).replaceAll(
    UNSEEN,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}
