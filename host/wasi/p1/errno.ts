import { WasiError } from '../errors.ts';
import type { FilesystemErrorCode } from '../filesystem/index.ts';
import { StreamFailure } from '../io/index.ts';

/** `errno` of preview1 (typenames.witx), in its order: the index is the number. */
const NAMES =
  'success 2big acces addrinuse addrnotavail afnosupport again already badf badmsg busy canceled child connaborted connrefused connreset deadlk destaddrreq dom dquot exist fault fbig hostunreach idrm ilseq inprogress intr inval io isconn isdir loop mfile mlink msgsize multihop nametoolong netdown netreset netunreach nfile nobufs nodev noent noexec nolck nolink nomem nomsg noprotoopt nospc nosys notconn notdir notempty notrecoverable notsock notsup notty nxio overflow ownerdead perm pipe proto protonosupport prototype range rofs spipe srch stale timedout txtbsy xdev notcapable'.split(
    ' ',
  );

export type ErrnoName =
  | 'acces'
  | 'again'
  | 'already'
  | 'badf'
  | 'busy'
  | 'deadlk'
  | 'dquot'
  | 'exist'
  | 'fbig'
  | 'ilseq'
  | 'inprogress'
  | 'intr'
  | 'inval'
  | 'io'
  | 'isdir'
  | 'loop'
  | 'mfile'
  | 'mlink'
  | 'msgsize'
  | 'nametoolong'
  | 'nodev'
  | 'noent'
  | 'nolck'
  | 'nomem'
  | 'nospc'
  | 'notcapable'
  | 'notdir'
  | 'notempty'
  | 'notrecoverable'
  | 'notsock'
  | 'notsup'
  | 'notty'
  | 'nxio'
  | 'overflow'
  | 'perm'
  | 'pipe'
  | 'range'
  | 'rofs'
  | 'spipe'
  | 'success'
  | 'txtbsy'
  | 'xdev';

const numbers: ReadonlyMap<string, number> = new Map(NAMES.map((name, number) => [name, number]));

export function errno(name: ErrnoName): number {
  const number = numbers.get(name);
  if (number === undefined) throw new TypeError(`preview1 has no errno ${name}`);
  return number;
}

/** A call fails with this errno. */
class ErrnoFailure extends Error {
  readonly errno: ErrnoName;

  constructor(name: ErrnoName) {
    super(`errno ${name}`);
    this.name = 'ErrnoFailure';
    this.errno = name;
  }
}

export function fail(name: ErrnoName): never {
  throw new ErrnoFailure(name);
}

/** The errno that stands for each error code of the file system. */
const fromCode: Readonly<Record<FilesystemErrorCode, ErrnoName>> = {
  access: 'acces',
  'would-block': 'again',
  already: 'already',
  'bad-descriptor': 'badf',
  busy: 'busy',
  deadlock: 'deadlk',
  quota: 'dquot',
  exist: 'exist',
  'file-too-large': 'fbig',
  'illegal-byte-sequence': 'ilseq',
  'in-progress': 'inprogress',
  interrupted: 'intr',
  invalid: 'inval',
  io: 'io',
  'is-directory': 'isdir',
  loop: 'loop',
  'too-many-links': 'mlink',
  'message-size': 'msgsize',
  'name-too-long': 'nametoolong',
  'no-device': 'nodev',
  'no-entry': 'noent',
  'no-lock': 'nolck',
  'insufficient-memory': 'nomem',
  'insufficient-space': 'nospc',
  'not-directory': 'notdir',
  'not-empty': 'notempty',
  'not-recoverable': 'notrecoverable',
  unsupported: 'notsup',
  'no-tty': 'notty',
  'no-such-device': 'nxio',
  overflow: 'overflow',
  'not-permitted': 'perm',
  pipe: 'pipe',
  'read-only': 'rofs',
  'invalid-seek': 'spipe',
  'text-file-busy': 'txtbsy',
  'cross-device': 'xdev',
};

/** The errno for what a host function threw, or `undefined` for what must trap the guest. */
export function errnoOf(thrown: unknown): ErrnoName | undefined {
  if (thrown instanceof ErrnoFailure) return thrown.errno;
  if (thrown instanceof StreamFailure) return codeOf(thrown.code) ?? 'io';
  if (!(thrown instanceof WasiError)) return undefined;
  const { payload } = thrown;
  if (typeof payload === 'string') return codeOf(payload);
  // A stream's error: `closed`, or the operation failed with an error that knows its code.
  if (!isStreamError(payload)) return undefined;
  return payload.tag === 'closed' ? 'pipe' : (codeOf(payload.val?.failure.code) ?? 'io');
}

function codeOf(code: unknown): ErrnoName | undefined {
  return typeof code === 'string' && Object.hasOwn(fromCode, code)
    ? fromCode[code as FilesystemErrorCode]
    : undefined;
}

interface StreamErrorLike {
  readonly tag: string;
  readonly val?: { readonly failure: StreamFailure };
}

function isStreamError(payload: unknown): payload is StreamErrorLike {
  return typeof payload === 'object' && payload !== null && 'tag' in payload;
}
