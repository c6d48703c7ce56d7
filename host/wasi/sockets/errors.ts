import { WasiError } from '../errors.ts';
import { type IoError, StreamFailure } from '../io/index.ts';

/** `wasi:sockets/network.error-code`. */
export type SocketErrorCode =
  | 'unknown'
  | 'access-denied'
  | 'not-supported'
  | 'invalid-argument'
  | 'out-of-memory'
  | 'timeout'
  | 'concurrency-conflict'
  | 'not-in-progress'
  | 'would-block'
  | 'invalid-state'
  | 'new-socket-limit'
  | 'address-not-bindable'
  | 'address-in-use'
  | 'remote-unreachable'
  | 'connection-refused'
  | 'connection-reset'
  | 'connection-aborted'
  | 'datagram-too-large'
  | 'name-unresolvable'
  | 'temporary-resolver-failure'
  | 'permanent-resolver-failure';

/** The errno that the WIT names in its doc comments, and those of getaddrinfo; anything else is `unknown`. */
const codes: ReadonlyMap<string, SocketErrorCode> = new Map([
  ['EACCES', 'access-denied'],
  ['EPERM', 'access-denied'],
  ['EOPNOTSUPP', 'not-supported'],
  ['EAFNOSUPPORT', 'not-supported'],
  ['EPROTONOSUPPORT', 'not-supported'],
  ['EINVAL', 'invalid-argument'],
  ['EDESTADDRREQ', 'invalid-argument'],
  ['ENOMEM', 'out-of-memory'],
  ['ENOBUFS', 'out-of-memory'],
  ['EAI_MEMORY', 'out-of-memory'],
  ['ETIMEDOUT', 'timeout'],
  ['EMFILE', 'new-socket-limit'],
  ['ENFILE', 'new-socket-limit'],
  ['EADDRNOTAVAIL', 'address-not-bindable'],
  ['EADDRINUSE', 'address-in-use'],
  ['EHOSTUNREACH', 'remote-unreachable'],
  ['EHOSTDOWN', 'remote-unreachable'],
  ['ENETUNREACH', 'remote-unreachable'],
  ['ENETDOWN', 'remote-unreachable'],
  ['ENONET', 'remote-unreachable'],
  ['ECONNREFUSED', 'connection-refused'],
  ['ECONNRESET', 'connection-reset'],
  ['EPIPE', 'connection-reset'],
  ['ECONNABORTED', 'connection-aborted'],
  ['EMSGSIZE', 'datagram-too-large'],
  ['ENOTFOUND', 'name-unresolvable'],
  ['ENODATA', 'name-unresolvable'],
  ['EAI_NONAME', 'name-unresolvable'],
  ['EAI_NODATA', 'name-unresolvable'],
  ['EAI_ADDRFAMILY', 'name-unresolvable'],
  ['EAI_AGAIN', 'temporary-resolver-failure'],
  ['EAI_FAIL', 'permanent-resolver-failure'],
]);

export function socketError(code: SocketErrorCode, cause?: unknown): WasiError<SocketErrorCode> {
  return new WasiError(code, cause);
}

/** What the operating system, or whoever confines the guest, threw, as the guest's error code. */
export function codeOf(thrown: unknown): SocketErrorCode {
  if (thrown instanceof WasiError) return thrown.payload as SocketErrorCode;
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return (typeof code === 'string' && codes.get(code)) || 'unknown';
}

/** An error of a system call as the guest's; what is none (a limit, a mistake of the host) stays as it is, and traps. */
export function asSocketError(thrown: unknown): unknown {
  if (thrown instanceof WasiError) return thrown;
  if (!isSystemError(thrown)) return thrown;
  return socketError(codeOf(thrown), thrown);
}

/** The failure of a stream over a connection; its message names nothing of the host. */
export function socketFailure(thrown: unknown): StreamFailure {
  const code = codeOf(thrown);
  return new StreamFailure('sockets', code, `socket: ${code}`, thrown);
}

/** `wasi:sockets/network.network-error-code`. */
export function networkErrorCode(error: IoError): SocketErrorCode | undefined {
  return error.failure.domain === 'sockets' ? (error.failure.code as SocketErrorCode) : undefined;
}

/** Node marks what came from a system call so; its own complaints about arguments have no `syscall`. */
function isSystemError(thrown: unknown): boolean {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}
