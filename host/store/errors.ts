import { SelvedgeError, type FailureDetails } from '../base/index.ts';

export type StoreErrorCode =
  | 'artifact-too-large'
  | 'artifact-unknown'
  | 'artifact-corrupt'
  | 'artifact-digest-invalid'
  | 'staged-artifact-gone'
  | 'stage-aborted'
  | 'source-failed'
  | 'record-corrupt'
  | 'record-conflict'
  | 'key-invalid'
  | 'storage-full'
  | 'storage-failed'
  | 'data-locked';

/** The one error of `host/store`. */
export class StoreError extends SelvedgeError {
  declare readonly code: StoreErrorCode;

  // oxlint-disable-next-line no-useless-constructor -- it narrows the code to those of this layer
  constructor(failure: FailureDetails & { readonly code: StoreErrorCode }) {
    super(failure);
  }
}

/** Codes of POSIX for "no room": the disk, the user's share of it, and the largest file. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** What the system said, as a StoreError; one that is a StoreError already stays as it is. */
export function storageFailure(cause: unknown, doing: string): StoreError {
  if (cause instanceof StoreError) return cause;
  const code = systemCode(cause);
  if (code !== undefined && NO_ROOM.has(code)) {
    return new StoreError({
      code: 'storage-full',
      status: 507,
      message: `There is no room left to ${doing} (${code}).`,
      fix: 'Free space on the disk of the data directory, or delete functions that are not needed; then try again.',
      cause,
    });
  }
  return new StoreError({
    code: 'storage-failed',
    status: 503,
    message: `The storage failed to ${doing}${code === undefined ? '' : ` (${code})`}.`,
    fix: 'Check that the data directory is on a healthy disk and that this user may write to it; then try again.',
    cause,
  });
}

/** `ENOENT` and the like, when the error is one of the system's. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
