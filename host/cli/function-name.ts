import { usageError } from './errors.ts';

/** Lower case only, so that no two names differ by case alone; at most 63 characters, as in DNS. */
export const functionNamePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Makes a function name of a file's: `My_App.wasm` → `my-app`; an error when nothing is left. */
export function functionNameOf(fileName: string): string {
  const name = fileName
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  if (name === '') {
    throw usageError(`No function name can be made of the file name ${JSON.stringify(fileName)}.`);
  }
  return name;
}

/** The name as it is, or an error that says what a name is made of. */
export function checkedFunctionName(name: string | undefined): string {
  if (name === undefined || !functionNamePattern.test(name)) {
    throw usageError(
      `${JSON.stringify(name ?? '')} is no function name.`,
      'Use lower-case letters, digits and inner hyphens, at most 63 of them.',
    );
  }
  return name;
}
