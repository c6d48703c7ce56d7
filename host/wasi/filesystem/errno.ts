import { WasiError } from '../errors.ts';
import { StreamFailure } from '../io/index.ts';

/** `wasi:filesystem/types.error-code`, the cases that this host gives. */
export type ErrorCode =
  | 'access'
  | 'would-block'
  | 'bad-descriptor'
  | 'busy'
  | 'deadlock'
  | 'quota'
  | 'exist'
  | 'file-too-large'
  | 'illegal-byte-sequence'
  | 'in-progress'
  | 'already'
  | 'interrupted'
  | 'invalid'
  | 'io'
  | 'is-directory'
  | 'loop'
  | 'too-many-links'
  | 'message-size'
  | 'name-too-long'
  | 'no-device'
  | 'no-entry'
  | 'no-lock'
  | 'insufficient-memory'
  | 'insufficient-space'
  | 'not-directory'
  | 'not-empty'
  | 'not-recoverable'
  | 'unsupported'
  | 'no-tty'
  | 'no-such-device'
  | 'overflow'
  | 'not-permitted'
  | 'pipe'
  | 'read-only'
  | 'invalid-seek'
  | 'text-file-busy'
  | 'cross-device';

/**
 * Every errno that the WIT names in its doc comments, and those without a counterpart there:
 * a full table of open files (EMFILE, ENFILE, ENOBUFS) is `insufficient-memory`, a stale network handle is `io`.
 */
const codes: ReadonlyMap<string, ErrorCode> = new Map([
  ['EACCES', 'access'],
  ['EAGAIN', 'would-block'],
  ['EWOULDBLOCK', 'would-block'],
  ['EALREADY', 'already'],
  ['EBADF', 'bad-descriptor'],
  ['EBUSY', 'busy'],
  ['EDEADLK', 'deadlock'],
  ['EDQUOT', 'quota'],
  ['EEXIST', 'exist'],
  ['EFBIG', 'file-too-large'],
  ['EILSEQ', 'illegal-byte-sequence'],
  ['EINPROGRESS', 'in-progress'],
  ['EINTR', 'interrupted'],
  ['EINVAL', 'invalid'],
  ['EIO', 'io'],
  ['EISDIR', 'is-directory'],
  ['ELOOP', 'loop'],
  ['EMLINK', 'too-many-links'],
  ['EMSGSIZE', 'message-size'],
  ['ENAMETOOLONG', 'name-too-long'],
  ['ENODEV', 'no-device'],
  ['ENOENT', 'no-entry'],
  ['ENOLCK', 'no-lock'],
  ['ENOMEM', 'insufficient-memory'],
  ['EMFILE', 'insufficient-memory'],
  ['ENFILE', 'insufficient-memory'],
  ['ENOBUFS', 'insufficient-memory'],
  ['ENOSPC', 'insufficient-space'],
  ['ENOTDIR', 'not-directory'],
  ['ENOTEMPTY', 'not-empty'],
  ['ENOTRECOVERABLE', 'not-recoverable'],
  ['ENOTSUP', 'unsupported'],
  ['EOPNOTSUPP', 'unsupported'],
  ['ENOSYS', 'unsupported'],
  ['ENOTTY', 'no-tty'],
  ['ENXIO', 'no-such-device'],
  ['EOVERFLOW', 'overflow'],
  ['EPERM', 'not-permitted'],
  ['EPIPE', 'pipe'],
  ['EROFS', 'read-only'],
  ['ESPIPE', 'invalid-seek'],
  ['ETXTBSY', 'text-file-busy'],
  ['EXDEV', 'cross-device'],
]);

export function failure(code: ErrorCode, cause?: unknown): WasiError<ErrorCode> {
  return new WasiError(code, cause);
}

/** The errno's name when a system call failed, `undefined` for every other error. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('syscall' in thrown) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/**
 * What a guest gets for what a file operation threw. A failed system call becomes its error code, an
 * unknown errno `io`; nothing of the message, which names paths of the host, goes along. Any other error
 * is a fault of the host and goes on as it is, which traps.
 */
export function guestError(thrown: unknown): unknown {
  const errno = errnoOf(thrown);
  return errno === undefined ? thrown : failure(codes.get(errno) ?? 'io', thrown);
}

/** The same for streams, whose failures a guest reads through `filesystem-error-code`. */
export function streamFailure(thrown: unknown): unknown {
  const mapped = guestError(thrown);
  if (!(mapped instanceof WasiError) || typeof mapped.payload !== 'string') return mapped;
  return new StreamFailure('filesystem', mapped.payload, `file system: ${mapped.payload}`, thrown);
}
