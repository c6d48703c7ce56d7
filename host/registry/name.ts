import { functionNameFault, quote } from '../base/index.ts';
import { RegistryError } from './errors.ts';

/** Returns the name; throws RegistryError `name-invalid` (400) when it may not name a function. */
export function checkFunctionName(name: string): string {
  const fault = functionNameFault(name);
  if (fault === undefined) return name;
  throw new RegistryError({
    code: 'name-invalid',
    status: 400,
    message: `${quote(name.slice(0, 80))} ${fault.message}.`,
    fix: fault.fix,
  });
}
