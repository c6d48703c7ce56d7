import { SelvedgeError, type FailureDetails } from '../base/index.ts';

export type RegistryErrorCode =
  | 'name-invalid'
  | 'function-unknown'
  | 'function-quarantined'
  | 'version-unknown'
  | 'version-damaged'
  | 'nothing-to-roll-back-to'
  | 'artifact-unknown'
  | 'artifact-corrupt';

/** The one error of `host/registry`. */
export class RegistryError extends SelvedgeError {
  declare readonly code: RegistryErrorCode;

  // oxlint-disable-next-line no-useless-constructor -- it narrows the code to those of this layer
  constructor(failure: FailureDetails & { readonly code: RegistryErrorCode }) {
    super(failure);
  }
}

export function functionUnknown(name: string): RegistryError {
  return new RegistryError({
    code: 'function-unknown',
    status: 404,
    message: `There is no function ${JSON.stringify(name.slice(0, 100))}.`,
    fix: 'List the functions with `selvedge list`, or deploy it with `selvedge deploy NAME FILE.wasm`.',
  });
}

export function versionUnknown(
  name: string,
  version: number,
  known: readonly number[],
): RegistryError {
  return new RegistryError({
    code: 'version-unknown',
    status: 404,
    message: `The function ${name} has no version ${version}.`,
    fix:
      known.length === 0
        ? `Deploy one with \`selvedge deploy ${name} FILE.wasm\`.`
        : `Name one of ${known.slice(-20).join(', ')}.`,
  });
}
