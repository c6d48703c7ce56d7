import { StoreError } from './errors.ts';
import { SHA256_HEX } from './artifacts.ts';

/** Throws StoreError `artifact-digest-invalid` (400): a digest becomes a file name, so nothing else may pass. */
export function checkDigest(sha256: string): void {
  if (SHA256_HEX.test(sha256)) return;
  throw new StoreError({
    code: 'artifact-digest-invalid',
    status: 400,
    message: `${JSON.stringify(sha256.slice(0, 100))} is not a SHA-256 digest.`,
    fix: 'Give 64 lower-case hexadecimal digits.',
  });
}

export function artifactUnknown(sha256: string): StoreError {
  return new StoreError({
    code: 'artifact-unknown',
    status: 404,
    message: `There is no artifact ${sha256}.`,
    fix: 'Deploy the module again.',
  });
}

export function artifactCorrupt(sha256: string, found: string, keptAs?: string): StoreError {
  return new StoreError({
    code: 'artifact-corrupt',
    status: 500,
    message: `The artifact ${sha256} is damaged: its bytes have the digest ${found}.`,
    fix: `Deploy the module again${keptAs === undefined ? '' : `; the damaged copy is kept as ${keptAs}`}, and check the disk.`,
  });
}

export function stagedGone(sha256: string): StoreError {
  return new StoreError({
    code: 'staged-artifact-gone',
    status: 409,
    message: `The staged module ${sha256} was discarded.`,
    fix: 'Stage it again.',
  });
}

export function recordCorrupt(key: string, why: string): StoreError {
  return new StoreError({
    code: 'record-corrupt',
    status: 500,
    message: `The record ${key} is damaged: ${why}.`,
    fix: 'Restore the data directory from a backup, or delete what the record belongs to and deploy it again.',
  });
}

export function recordConflict(key: string): StoreError {
  return new StoreError({
    code: 'record-conflict',
    status: 409,
    message: `The record ${key} is not what it was expected to be.`,
    fix: 'Read it again and repeat the change.',
  });
}
