/** A DNS label in lower case: safe as a file name, a path segment and a host name, with no two that differ in case only. */
export const FUNCTION_NAME_PATTERN = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';

const NAME = new RegExp(FUNCTION_NAME_PATTERN);
/** Device names that Windows reserves in every directory (Win32 "Naming Files, Paths, and Namespaces"). */
const DEVICES = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/** Why `name` may not name a function, and the way out; `undefined` when it may. */
export function functionNameFault(
  name: string,
): { readonly message: string; readonly fix: string } | undefined {
  if (!NAME.test(name)) {
    return {
      message: 'is not a function name',
      fix: 'Use 1 to 63 of a-z, 0-9 and "-", with a letter or digit at both ends.',
    };
  }
  if (DEVICES.test(name)) {
    return {
      message: 'is the name of a device on some systems',
      fix: `Choose another name, such as "${name}-fn".`,
    };
  }
  return undefined;
}
