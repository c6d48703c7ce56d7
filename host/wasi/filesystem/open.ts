import { type BigIntStats, constants } from 'node:fs';
import { errnoOf, failure } from './errno.ts';
import { OpenFile } from './open-file.ts';
import {
  baseOf,
  type DescriptorFlags,
  type DescriptorState,
  type OpenFlags,
  type PathFlags,
  requireMutable,
} from './state.ts';
import { typeOf } from './stat.ts';
import { closeLater, closeNow, fstat, objectPath, open } from './syscalls.ts';
import { type Target, walk } from './walk.ts';

const { O_APPEND, O_CREAT, O_DSYNC, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_SYNC, O_WRONLY } =
  constants;

/** How often a name may be created and removed by others between our look and our open. */
const ATTEMPTS = 8;

interface Wanted {
  readonly openFlags: OpenFlags;
  readonly flags: DescriptorFlags;
}

/**
 * `descriptor.open-at`. What exists is first held by an `O_PATH` descriptor, looked at, and then opened
 * through that very descriptor: a FIFO or device is never opened, and a symlink that is put in its
 * place meanwhile is never seen. What is created is created exclusively, so never through a symlink.
 */
export async function openAt(
  base: DescriptorState,
  pathFlags: PathFlags,
  path: string,
  openFlags: OpenFlags,
  flags: DescriptorFlags,
): Promise<DescriptorState> {
  const directory = baseOf(base);
  const { create = false, exclusive = false, truncate = false } = openFlags;
  if (create || truncate || flags.write || flags.mutateDirectory)
    requireMutable(base, 'open for writing');
  if (openFlags.directory && (create || exclusive || truncate)) throw failure('invalid');
  const wanted = { openFlags, flags };
  const final = create && exclusive ? 'entry' : pathFlags.symlinkFollow ? 'follow' : 'object';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    using target = await walk(directory, path, final);
    if (target.stat !== undefined) {
      if (create && exclusive) throw failure('exist');
      return await openExisting(base, target, target.stat, wanted);
    }
    if (!create) throw failure('no-entry');
    if (target.trailingSlash) throw failure('is-directory');
    const created = await createFile(base, target, wanted);
    if (created !== undefined) return created;
    if (exclusive) throw failure('exist');
  }
  throw failure('busy');
}

async function openExisting(
  base: DescriptorState,
  target: Target,
  stat: BigIntStats,
  wanted: Wanted,
): Promise<DescriptorState> {
  if (stat.isDirectory()) return openDirectory(base, target, stat, wanted);
  if (stat.isSymbolicLink()) throw failure('loop');
  if (wanted.openFlags.directory) throw failure('not-directory');
  if (!stat.isFile()) throw failure('unsupported');
  const access = accessFlags(wanted);
  const path = objectPath(target.fd);
  const { lookups } = base.preopen;
  const opened = await openFile(base, stat, wanted, async () =>
    access === O_RDONLY ? lookups.open(path, access) : open(path, access),
  );
  if (wanted.openFlags.truncate) {
    try {
      await opened.inode?.resize(opened.file.fd, 0);
    } catch (thrown) {
      opened.file.release();
      throw thrown;
    }
  }
  return opened;
}

async function openDirectory(
  base: DescriptorState,
  target: Target,
  stat: BigIntStats,
  { openFlags, flags }: Wanted,
): Promise<DescriptorState> {
  if (flags.write || openFlags.truncate || openFlags.create) throw failure('is-directory');
  const { context, preopen, mutable } = base;
  const free = context.slots.take();
  try {
    const fd = await target.detach();
    const file = new OpenFile(fd, stat, () => {
      closeNow(fd);
      free();
    });
    const depth = target.depth + (target.name === undefined ? 0 : 1);
    return {
      context,
      preopen,
      file,
      type: 'directory',
      flags: grantedFlags(flags, true, mutable),
      mutable,
      depth,
      inode: undefined,
    };
  } catch (thrown) {
    free();
    throw thrown;
  }
}

/** `undefined` when something has the name by now. */
async function createFile(
  base: DescriptorState,
  target: Target,
  wanted: Wanted,
): Promise<DescriptorState | undefined> {
  const path = target.entry('is-directory');
  const { context, preopen } = base;
  const free = context.slots.take();
  let fd: number | undefined;
  try {
    fd = await preopen.quota.taking(0, 1, () =>
      open(path, accessFlags(wanted) | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666),
    );
    return describeFile(base, await fstat(fd), wanted.flags, fd, free);
  } catch (thrown) {
    if (fd !== undefined) closeLater(fd);
    free();
    if (errnoOf(thrown) === 'EEXIST') return undefined;
    throw thrown;
  }
}

async function openFile(
  base: DescriptorState,
  stat: BigIntStats,
  wanted: Wanted,
  opening: () => Promise<number>,
): Promise<DescriptorState> {
  const free = base.context.slots.take();
  // Before it is open, so that nobody changes the file between its size being read and being kept.
  const { inodes } = base.preopen;
  const inode = inodes.opened(stat);
  try {
    return describeFile(base, stat, wanted.flags, await opening(), free);
  } catch (thrown) {
    free();
    throw thrown;
  } finally {
    inodes.close(inode, undefined);
  }
}

function describeFile(
  base: DescriptorState,
  stat: BigIntStats,
  flags: DescriptorFlags,
  fd: number,
  free: () => void,
): DescriptorState {
  const { context, preopen, mutable, depth } = base;
  const inode = preopen.inodes.opened(stat);
  const file = new OpenFile(fd, stat, () => {
    preopen.inodes.close(inode, fd);
    free();
  });
  return {
    context,
    preopen,
    file,
    type: typeOf(stat),
    flags: grantedFlags(flags, false, mutable),
    mutable,
    depth,
    inode,
  };
}

/** A second descriptor of an open file whose writes go to the end, wherever that is by then. */
export async function openForAppend(state: DescriptorState): Promise<OpenFile> {
  const { context, preopen, file, inode } = state;
  if (inode === undefined) throw failure('is-directory');
  const free = context.slots.take();
  try {
    const fd = await open(objectPath(file.fd), O_WRONLY | O_APPEND | syncFlags(state.flags));
    inode.opens += 1;
    return new OpenFile(fd, file, () => {
      preopen.inodes.close(inode, fd);
      free();
    });
  } catch (thrown) {
    free();
    throw thrown;
  }
}

function accessFlags({ openFlags, flags }: Wanted): number {
  const writes = flags.write === true || openFlags.truncate === true;
  // Without read and write it is opened for reading, as the system knows no file without either.
  const access = !writes ? O_RDONLY : flags.read || !flags.write ? O_RDWR : O_WRONLY;
  return access | syncFlags(flags);
}

function syncFlags(flags: DescriptorFlags): number {
  if (flags.fileIntegritySync || flags.requestedWriteSync) return O_SYNC;
  return flags.dataIntegritySync ? O_DSYNC : 0;
}

/**
 * The flags a new descriptor has. A directory can be changed exactly if the one it was opened from can,
 * whether the guest asks for that or not: libraries open directories for reading and then remove entries.
 */
function grantedFlags(
  asked: DescriptorFlags,
  directory: boolean,
  mutable: boolean,
): Required<DescriptorFlags> {
  const write = asked.write === true;
  return {
    read: asked.read === true || !write,
    write,
    fileIntegritySync: asked.fileIntegritySync === true,
    dataIntegritySync: asked.dataIntegritySync === true,
    requestedWriteSync: asked.requestedWriteSync === true,
    mutateDirectory: directory && mutable,
  };
}
