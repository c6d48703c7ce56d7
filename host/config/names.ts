import { invalidText, quote } from './errors.ts';

/** Lower case only, so that no two names differ by case on a file system that ignores it. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Device names of Windows, which no file or directory there may have. */
const DEVICES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** The pattern of function names, for schemas. */
export const FUNCTION_NAME_PATTERN = NAME.source;

/** Returns `text` if it may name a function, else throws `ConfigError`. */
export function parseFunctionName(text: string): string {
  if (!NAME.test(text)) {
    throw invalidText(
      `${quote(text)} cannot name a function.`,
      'Use 1 to 63 of a-z, 0-9 and "-", with a letter or digit at both ends.',
    );
  }
  if (DEVICES.test(text)) {
    throw invalidText(
      `${quote(text)} is the name of a device on some systems.`,
      'Choose another name.',
    );
  }
  return text;
}
