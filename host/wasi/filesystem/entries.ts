import { failure } from './errno.ts';
import { checkText, PathEscape, textOf } from './path.ts';
import { baseOf, type DescriptorState, type PathFlags, requireMutable } from './state.ts';
import {
  entryPath,
  fstat,
  link,
  mkdir,
  objectPath,
  rename,
  rmdir,
  symlink,
  unlink,
  utimes,
} from './syscalls.ts';
import { type NewTimestamp, timestampArgument } from './times.ts';
import { MAX_DEPTH, type Target, walk } from './walk.ts';

/** `descriptor.create-directory-at` */
export async function createDirectoryAt(base: DescriptorState, path: string): Promise<void> {
  requireMutable(base, 'create a directory');
  using target = await walk(baseOf(base), path, 'place');
  const entry = target.entry('exist');
  if (target.depth >= MAX_DEPTH) throw failure('name-too-long');
  await base.preopen.quota.taking(0, 1, () => mkdir(entry));
}

/** `descriptor.remove-directory-at` */
export async function removeDirectoryAt(base: DescriptorState, path: string): Promise<void> {
  requireMutable(base, 'remove a directory');
  using target = await walk(baseOf(base), path, 'place');
  await rmdir(target.entry('invalid'));
  base.preopen.quota.give(0, 1);
}

/** `descriptor.unlink-file-at` */
export async function unlinkFileAt(base: DescriptorState, path: string): Promise<void> {
  requireMutable(base, 'remove a file');
  using target = await walk(baseOf(base), path, 'entry');
  const entry = target.entry('is-directory');
  if (found(target).isDirectory()) throw failure('is-directory');
  await unlink(entry);
  base.preopen.inodes.removed(await fstat(target.fd));
}

/**
 * `descriptor.symlink-at`. Besides an absolute target, one that leads out of the preopen by its text
 * is refused: no guest can follow it, but other programs of the host that read the directory would.
 */
export async function symlinkAt(
  base: DescriptorState,
  target: string,
  path: string,
): Promise<void> {
  requireMutable(base, 'create a symlink');
  checkText(target);
  if (target.startsWith('/')) throw new PathEscape();
  using place = await walk(baseOf(base), path, 'place');
  const entry = place.entry('exist');
  if (place.trailingSlash) throw failure('no-entry');
  let depth = place.depth;
  for (const component of target.split('/')) {
    if (component === '..') depth -= 1;
    else if (component !== '' && component !== '.') depth += 1;
    if (depth < 0) throw new PathEscape();
  }
  await base.preopen.quota.taking(Buffer.byteLength(target), 1, () => symlink(target, entry));
}

/** `descriptor.readlink-at` */
export async function readlinkAt(base: DescriptorState, path: string): Promise<string> {
  using target = await walk(baseOf(base), path, 'entry');
  const entry = target.entry('invalid');
  if (!found(target).isSymbolicLink()) throw failure('invalid');
  const text = textOf(await base.preopen.lookups.readlink(entry));
  if (text === undefined) throw failure('illegal-byte-sequence');
  if (text.startsWith('/')) throw new PathEscape();
  return text;
}

/**
 * `descriptor.link-at`, for regular files of one preopen. Between two preopens it is `cross-device`,
 * even where both are writable: neither quota could tell when the file's bytes are free again.
 */
export async function linkAt(
  base: DescriptorState,
  pathFlags: PathFlags,
  path: string,
  other: DescriptorState,
  newPath: string,
): Promise<void> {
  requireMutable(base, 'link a file');
  requireMutable(other, 'link a file');
  if (pathFlags.symlinkFollow) throw failure('invalid');
  if (base.preopen !== other.preopen) throw failure('cross-device');
  using source = await walk(baseOf(base), path, 'entry');
  const from = source.entry('is-directory');
  if (!found(source).isFile()) throw failure('not-permitted');
  using place = await walk(baseOf(other), newPath, 'place');
  const to = place.entry('exist');
  if (place.trailingSlash) throw failure('no-entry');
  await base.preopen.quota.taking(0, 1, () => link(from, to));
}

/**
 * `descriptor.rename-at`. Between two writable preopens it moves files that have one name and are not
 * open, with their charge; all else is `cross-device`, upon which libraries copy.
 */
export async function renameAt(
  base: DescriptorState,
  path: string,
  other: DescriptorState,
  newPath: string,
): Promise<void> {
  requireMutable(base, 'rename');
  requireMutable(other, 'rename');
  using source = await walk(baseOf(base), path, 'entry');
  const from = source.entry('busy');
  const moved = found(source);
  using place = await walk(baseOf(other), newPath, 'entry');
  const to = place.entry('busy');
  const replaced = place.stat;
  if (place.trailingSlash && !moved.isDirectory()) throw failure('not-directory');
  if (moved.isDirectory() && place.depth >= MAX_DEPTH) throw failure('name-too-long');

  if (base.preopen === other.preopen) {
    await rename(from, to);
  } else {
    const simple =
      (moved.isFile() || moved.isSymbolicLink()) &&
      moved.nlink === 1n &&
      !base.preopen.inodes.has(moved);
    if (!simple) throw failure('cross-device');
    const size = Number(moved.size);
    await other.preopen.quota.taking(size, 1, () => rename(from, to));
    base.preopen.quota.give(size, 1);
  }
  // Two names of one file: the system leaves both (POSIX rename).
  const same = replaced !== undefined && replaced.dev === moved.dev && replaced.ino === moved.ino;
  if (replaced !== undefined && !same) other.preopen.inodes.removed(await fstat(place.fd));
}

/** `descriptor.set-times-at` */
export async function setTimesAt(
  base: DescriptorState,
  pathFlags: PathFlags,
  path: string,
  access: NewTimestamp,
  modification: NewTimestamp,
): Promise<void> {
  requireMutable(base, 'set times');
  const [atime, mtime] = timeArguments(base, access, modification);
  using target = await walk(baseOf(base), path, pathFlags.symlinkFollow ? 'follow' : 'object');
  if (found(target).isSymbolicLink() && target.name !== undefined) {
    await utimes(entryPath(target.parent, target.name), false, atime, mtime);
  } else {
    await utimes(objectPath(target.fd), true, atime, mtime);
  }
}

/** `descriptor.set-times` */
export async function setTimes(
  state: DescriptorState,
  access: NewTimestamp,
  modification: NewTimestamp,
): Promise<void> {
  requireMutable(state, 'set times');
  const [atime, mtime] = timeArguments(state, access, modification);
  await utimes(objectPath(state.file.fd), true, atime, mtime);
}

function timeArguments(state: DescriptorState, access: NewTimestamp, modification: NewTimestamp) {
  const now = () => state.context.instance.clock.wall();
  return [timestampArgument(access, now), timestampArgument(modification, now)] as const;
}

/** What the path leads to. Throws `no-entry`. */
function found(target: Target) {
  if (target.stat === undefined) throw failure('no-entry');
  return target.stat;
}
