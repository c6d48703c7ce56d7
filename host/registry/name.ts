import { RegistryError } from './errors.ts';

/** A DNS label in lower case: safe as a file name, a path segment and a host name, with no two that differ in case only. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Device names that Windows reserves in every directory (Win32 "Naming Files, Paths, and Namespaces"). */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** Returns the name; throws RegistryError `name-invalid` (400) when it may not name a function. */
export function checkFunctionName(name: string): string {
  if (!NAME.test(name)) {
    throw new RegistryError({
      code: 'name-invalid',
      status: 400,
      message: `${JSON.stringify(name.slice(0, 80))} is not a function name.`,
      fix: 'Use 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends.',
    });
  }
  if (RESERVED.test(name)) {
    throw new RegistryError({
      code: 'name-invalid',
      status: 400,
      message: `"${name}" is a device name on Windows and cannot name a function.`,
      fix: `Choose another name, such as "${name}-fn".`,
    });
  }
  return name;
}
