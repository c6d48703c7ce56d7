import { failure } from './errno.ts';

/** `PATH_MAX` and `NAME_MAX` of Linux (limits.h), the former counting the final NUL. */
const PATH_BYTES = 4095;
const NAME_BYTES = 255;

/** A path or the target of a symlink, taken apart and checked; `.` and `..` are left for the walk. */
export interface ParsedPath {
  readonly components: readonly string[];
  /** It ends in `/`: what it names must be a directory. */
  readonly trailingSlash: boolean;
}

/** The path leads out of the directory it is resolved from: `not-permitted`, and worth a log line. */
export class PathEscape extends Error {
  constructor() {
    super('the path leads out of its directory');
    this.name = 'PathEscape';
  }
}

/**
 * Takes a relative path apart (wasi-filesystem, path-resolution.md; POSIX XBD 4.13).
 * Throws `no-entry` for an empty path, `invalid` for a NUL, `illegal-byte-sequence` for what is no Unicode,
 * `name-too-long`, and `PathEscape` for an absolute path. A backslash is a character like any other.
 */
export function parsePath(path: string): ParsedPath {
  checkText(path);
  if (path.startsWith('/')) throw new PathEscape();
  const components = path.split('/').filter((component) => component !== '');
  for (const component of components) {
    if (Buffer.byteLength(component) > NAME_BYTES) throw failure('name-too-long');
  }
  return { components, trailingSlash: path.endsWith('/') };
}

/** What holds for every text that the kernel takes as a path. */
export function checkText(path: string): void {
  if (path === '') throw failure('no-entry');
  // Cheap first: a UTF-16 unit never takes less than one byte.
  if (path.length > PATH_BYTES || Buffer.byteLength(path) > PATH_BYTES)
    throw failure('name-too-long');
  if (path.includes('\0')) throw failure('invalid');
  if (!path.isWellFormed()) throw failure('illegal-byte-sequence');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a name or target that the file system holds; `undefined` when it is not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    // The decoder throws for exactly one reason, bytes that are not UTF-8, and the caller says what that means.
    return undefined;
  }
}
