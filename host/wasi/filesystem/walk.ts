import type { BigIntStats } from 'node:fs';
import { errnoOf, failure } from './errno.ts';
import type { Mounts } from './mounts.ts';
import { parsePath, PathEscape, textOf } from './path.ts';
import {
  closeNow,
  entryPath,
  type Lookups,
  objectPath,
  OPEN_DIRECTORY,
  OPEN_OBJECT,
  OPEN_OWN_DIRECTORY,
} from './syscalls.ts';

/** Symlinks that one resolution expands, as Linux does (path_resolution(7)). */
const MAX_LINKS = 40;
/** Components that one resolution looks at, those of symlinks included: bounds its time. */
const MAX_STEPS = 256;
/** Directories below the preopen: bounds the descriptors that one resolution holds. */
export const MAX_DEPTH = 64;

/** A directory from which paths are resolved, and out of which none leads. */
export interface WalkBase {
  readonly lookups: Lookups;
  readonly mounts: Mounts;
  /** The directory's `O_PATH` descriptor; whoever starts a walk keeps it open meanwhile. */
  readonly fd: number;
  /** Directories between it and its preopen. */
  readonly depth: number;
}

/**
 * What to do with the last component: `place` leaves it alone (it is about to be created),
 * `entry` opens the name itself and never follows, `object` follows only for a trailing slash,
 * as POSIX has it, and `follow` always.
 */
export type Final = 'place' | 'entry' | 'object' | 'follow';

/** Where a path led: a name in an open directory and, unless only the place was asked for, the object. */
export class Target {
  /** `O_PATH` descriptor of the directory that holds `name`; of the object itself when there is no name. */
  readonly parent: number;
  /** `undefined` when the path ended in `.` or `..`: then only the directory is known, not what it is called. */
  readonly name: string | undefined;
  /** The path ended in a slash. */
  readonly trailingSlash: boolean;
  /** Of `parent` below the preopen. */
  readonly depth: number;
  /** What was found; `undefined` when nothing is there. */
  readonly stat: BigIntStats | undefined;
  readonly #fd: number | undefined;
  readonly #owned: Set<number>;
  readonly #lookups: Lookups;

  constructor(
    found: Pick<Target, 'parent' | 'name' | 'trailingSlash' | 'depth' | 'stat'>,
    fd: number | undefined,
    owned: Set<number>,
    lookups: Lookups,
  ) {
    this.parent = found.parent;
    this.name = found.name;
    this.trailingSlash = found.trailingSlash;
    this.depth = found.depth;
    this.stat = found.stat;
    this.#fd = fd;
    this.#owned = owned;
    this.#lookups = lookups;
  }

  /** The object's `O_PATH` descriptor, open until the target is disposed of. Throws `no-entry`. */
  get fd(): number {
    if (this.#fd === undefined) throw failure('no-entry');
    return this.#fd;
  }

  /** The path of the entry, for a call that does not follow a symlink at its end. `unnamed` when the path ended in `.` or `..`. */
  entry(unnamed: 'exist' | 'invalid' | 'is-directory' | 'busy'): string {
    if (this.name === undefined) throw failure(unnamed);
    return entryPath(this.parent, this.name);
  }

  /** Gives the object's descriptor to the caller, who closes it. */
  async detach(): Promise<number> {
    const { fd } = this;
    if (this.#owned.delete(fd)) return fd;
    return this.#lookups.open(objectPath(fd), OPEN_OWN_DIRECTORY);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#owned) closeNow(fd);
    this.#owned.clear();
  }
}

/**
 * Resolves `path` from `base`, one component at a time, each opened from its directory's own descriptor
 * without following; symlinks are read and walked by the same rules. What other processes rename or
 * replace meanwhile can change where it ends inside the base, never lead outside (decisions/002-path-walk.md).
 *
 * Throws `PathEscape` when a step leads out: `..` at the base, an absolute symlink, a kernel file system.
 */
export async function walk(base: WalkBase, path: string, final: Final): Promise<Target> {
  const owned = new Set<number>();
  try {
    return await resolve(base, path, final, owned);
  } catch (thrown) {
    for (const fd of owned) closeNow(fd);
    throw thrown;
  }
}

async function resolve(
  base: WalkBase,
  path: string,
  final: Final,
  owned: Set<number>,
): Promise<Target> {
  const { lookups } = base;
  const parsed = parsePath(path);
  const pending = parsed.components.toReversed();
  const stack: number[] = [];
  let mustBeDirectory = parsed.trailingSlash;
  let links = 0;
  let steps = 0;

  const top = () => stack.at(-1) ?? base.fd;
  const finish = async (
    name: string | undefined,
    fd: number | undefined,
    stat: BigIntStats | undefined,
  ) => {
    const parent = top();
    await base.mounts.admit(stat ?? (await lookups.fstat(parent)), fd ?? parent);
    const depth = base.depth + stack.length;
    return new Target(
      { parent, name, trailingSlash: mustBeDirectory, depth, stat },
      fd,
      owned,
      lookups,
    );
  };
  const expand = (target: Buffer) => {
    links += 1;
    if (links > MAX_LINKS) throw failure('loop');
    const text = textOf(target);
    if (text === undefined) throw failure('illegal-byte-sequence');
    const { components, trailingSlash } = parsePath(text);
    if (pending.length === 0 && trailingSlash) mustBeDirectory = true;
    pending.push(...components.toReversed());
  };

  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    steps += 1;
    if (steps > MAX_STEPS) throw failure('name-too-long');
    if (name === '.') continue;
    if (name === '..') {
      const left = stack.pop();
      if (left === undefined) throw new PathEscape();
      owned.delete(left);
      closeNow(left);
      continue;
    }
    const entry = entryPath(top(), name);

    if (pending.length > 0) {
      const fd = await openDirectory(lookups, entry);
      if (fd === undefined) {
        expand(await readLink(lookups, entry, 'not-directory'));
        continue;
      }
      owned.add(fd);
      await base.mounts.enter(lookups, fd);
      stack.push(fd);
      if (base.depth + stack.length > MAX_DEPTH) throw failure('name-too-long');
      continue;
    }

    if (final === 'place') return finish(name, undefined, undefined);
    const fd = await openObject(lookups, entry);
    if (fd === undefined) return finish(name, undefined, undefined);
    owned.add(fd);
    const stat = await lookups.fstat(fd);
    const followed = final === 'follow' || (final === 'object' && mustBeDirectory);
    if (stat.isSymbolicLink() && followed) {
      owned.delete(fd);
      closeNow(fd);
      expand(await readLink(lookups, entry, 'busy'));
      continue;
    }
    if (mustBeDirectory && !stat.isDirectory()) throw failure('not-directory');
    return finish(name, fd, stat);
  }
  const fd = top();
  return finish(undefined, fd, await lookups.fstat(fd));
}

/** `undefined` when the entry is not a directory, which a symlink to one is not either. */
async function openDirectory(lookups: Lookups, entry: string): Promise<number | undefined> {
  try {
    return await lookups.open(entry, OPEN_DIRECTORY);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOTDIR' || errno === 'ELOOP') return undefined;
    throw thrown;
  }
}

/** `undefined` when there is no such entry. */
async function openObject(lookups: Lookups, entry: string): Promise<number | undefined> {
  try {
    return await lookups.open(entry, OPEN_OBJECT);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function readLink(
  lookups: Lookups,
  entry: string,
  notALink: 'not-directory' | 'busy',
): Promise<Buffer> {
  try {
    return await lookups.readlink(entry);
  } catch (thrown) {
    if (errnoOf(thrown) === 'EINVAL') throw failure(notALink, thrown);
    throw thrown;
  }
}
