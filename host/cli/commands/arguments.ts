import type { ArgumentSpec } from '../command.ts';
import { usageError } from '../errors.ts';

export const functionArgument: ArgumentSpec = {
  name: 'NAME',
  description: 'name of the function',
  required: true,
};

export const versionArgument: ArgumentSpec = {
  name: 'VERSION',
  description: 'number of the version, as `selvedge versions NAME` lists it',
  required: true,
};

/** Versions are counted from 1. */
export function checkedVersion(text: string | undefined, name: string): string {
  if (text === undefined || !/^[1-9]\d{0,9}$/.test(text)) {
    throw usageError(
      `${JSON.stringify(text ?? '')} is no version: versions are whole numbers from 1 up.`,
      'List them to see which there are.',
      `selvedge versions ${name}`,
    );
  }
  return text;
}
