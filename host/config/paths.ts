import { statSync } from 'node:fs';

export type PathKind = 'directory' | 'file' | 'other' | 'missing' | 'denied';

/** Tells what stands at an absolute path of the host; a fake in tests. */
export type PathProbe = (path: string) => PathKind;

/** Asks the file system. Synchronous: configurations are read at deploy time, never in a request. */
export const fileSystemProbe: PathProbe = (path) => {
  try {
    const found = statSync(path);
    if (found.isDirectory()) return 'directory';
    return found.isFile() ? 'file' : 'other';
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP')
      return 'missing';
    if (code === 'EACCES' || code === 'EPERM') return 'denied';
    throw error;
  }
};

/** `code` of an error of the system, e.g. `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** What is wrong with `found` where `expected` should stand, as the end of a sentence. */
export function mismatch(found: PathKind, expected: 'directory' | 'file'): string | undefined {
  if (found === expected) return undefined;
  if (found === 'missing') return 'does not exist';
  return found === 'denied' ? 'cannot be reached (permission denied)' : `is not a ${expected}`;
}
