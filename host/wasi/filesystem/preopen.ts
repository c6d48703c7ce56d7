import { realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { SelvedgeError } from '../../base/index.ts';
import { errnoOf } from './errno.ts';
import { Inodes } from './inode.ts';
import { isKernelFileSystem, lookupsFor, Mounts, type ObjectId } from './mounts.ts';
import { OpenFile } from './open-file.ts';
import { measure, Quota, type QuotaLimits } from './quota.ts';
import {
  closeNow,
  fileSystemType,
  fstat,
  type Lookups,
  objectPath,
  open,
  OPEN_OWN_DIRECTORY,
} from './syscalls.ts';

export interface PreopenOptions {
  /** The operator's directory; symlinks in this path are followed. */
  readonly hostPath: string;
  /** What the guest calls it: absolute and normalised. */
  readonly guestPath: string;
  readonly writable: boolean;
  /** What the directory may hold; matters only when it is writable. */
  readonly quota: QuotaLimits;
  /** Directories of the host's own: none of them, nor anything in them, can be granted or reached through a grant. */
  readonly withheld?: readonly string[];
  /** `process.platform` unless a test says otherwise. */
  readonly platform?: NodeJS.Platform;
}

/** A directory cannot be granted. Read by the operator, so it names the host's path. */
export class PreopenError extends SelvedgeError {}

/**
 * A granted directory, open from configuration to retirement and shared by all instances of a version,
 * with what is charged against its quota. Instances hold the descriptor too, so it is closed after the last.
 */
export class Preopen {
  readonly guestPath: string;
  readonly writable: boolean;
  readonly root: OpenFile;
  readonly lookups: Lookups;
  readonly mounts: Mounts;
  readonly quota: Quota;
  readonly inodes: Inodes;
  #disposed = false;

  constructor(
    guestPath: string,
    writable: boolean,
    root: OpenFile,
    lookups: Lookups,
    quota: Quota,
    withheld: readonly ObjectId[],
  ) {
    this.guestPath = guestPath;
    this.writable = writable;
    this.root = root;
    this.lookups = lookups;
    this.mounts = new Mounts(root.dev, withheld);
    this.quota = quota;
    this.inodes = new Inodes(quota);
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.root.release();
  }
}

/**
 * Opens a directory to be granted. A writable one is counted first (at most as many entries as its quota
 * allows), so that what it holds already is charged. Throws `PreopenError`.
 */
export async function openPreopen(options: PreopenOptions): Promise<Preopen> {
  const { hostPath, guestPath, writable } = options;
  if ((options.platform ?? process.platform) !== 'linux') throw unsupported(hostPath);
  const fd = await openRoot(hostPath);
  try {
    const type = await fileSystemType(fd).catch((thrown: unknown) => {
      throw unsupported(hostPath, thrown);
    });
    if (isKernelFileSystem(type)) {
      throw new PreopenError({
        code: 'preopen-refused',
        status: 422,
        message: `${hostPath} cannot be granted: it is a file system of the kernel`,
        fix: 'grant a directory of ordinary files',
      });
    }
    const withheld = await Promise.all(
      (options.withheld ?? []).map((path) => withhold(path, hostPath)),
    );
    const rootStat = await fstat(fd);
    const lookups = lookupsFor(type);
    const used = writable ? await measure(lookups, fd, options.quota) : undefined;
    const root = new OpenFile(fd, rootStat, () => closeNow(fd));
    return new Preopen(
      guestPath,
      writable,
      root,
      lookups,
      new Quota(options.quota, used),
      withheld,
    );
  } catch (thrown) {
    closeNow(fd);
    throw thrown instanceof PreopenError ? thrown : unreadable(hostPath, thrown);
  }
}

/** Which directory it is. Throws `preopen-refused` when the granted one is it, or lies in it. */
async function withhold(own: string, hostPath: string): Promise<ObjectId> {
  const [ownReal, real] = await Promise.all([realpath(own), realpath(hostPath)]);
  if (real === ownReal || real.startsWith(ownReal + sep)) {
    throw new PreopenError({
      code: 'preopen-refused',
      status: 422,
      message: `${hostPath} cannot be granted: the host keeps its own data in ${own}`,
      fix: 'grant a directory outside of it, or keep the data elsewhere with --data',
    });
  }
  return stat(ownReal, { bigint: true });
}

async function openRoot(hostPath: string): Promise<number> {
  let fd: number;
  try {
    fd = await open(hostPath, OPEN_OWN_DIRECTORY);
  } catch (thrown) {
    throw unreadable(hostPath, thrown);
  }
  try {
    // What every look-up relies on: a descriptor's path in /proc leads back to that very object.
    const again = await open(objectPath(fd), OPEN_OWN_DIRECTORY);
    const same = (await fstat(again)).ino === (await fstat(fd)).ino;
    closeNow(again);
    if (!same) throw unsupported(hostPath);
    return fd;
  } catch (thrown) {
    closeNow(fd);
    throw thrown instanceof PreopenError ? thrown : unsupported(hostPath, thrown);
  }
}

function unsupported(hostPath: string, cause?: unknown): PreopenError {
  return new PreopenError({
    code: 'preopen-unsupported',
    status: 422,
    message: `${hostPath} cannot be granted: without Linux's O_PATH and a mounted /proc, paths cannot be confined to a directory`,
    fix: 'run the host on Linux with /proc mounted, or take the directory out of the grants',
    cause,
  });
}

function unreadable(hostPath: string, thrown: unknown): PreopenError {
  const errno = errnoOf(thrown);
  const reason =
    errno === 'ENOENT'
      ? 'does not exist'
      : errno === 'ENOTDIR'
        ? 'is not a directory'
        : `cannot be opened (${errno ?? 'unknown error'})`;
  return new PreopenError({
    code:
      errno === 'ENOENT'
        ? 'preopen-not-found'
        : errno === 'ENOTDIR'
          ? 'preopen-not-directory'
          : 'preopen-unreadable',
    status: 422,
    message: `${hostPath} ${reason}`,
    fix: 'grant a directory that exists and that the host may read',
    cause: thrown,
  });
}
