import { WasiError } from '../errors.ts';
import type { Descriptor } from '../filesystem/index.ts';
import { fail } from './errno.ts';
import { FDFLAGS, type Fd } from './fd-table.ts';
import { FILETYPE, newTimes, pathFlags, reserveFilestat, writeFilestat } from './filestat.ts';
import { DIRECTORY_RIGHTS, FILE_RIGHTS, type Right, rights } from './rights.ts';
import type { Implementation, State } from './state.ts';

/** `oflags` of preview1. */
const OFLAGS = { creat: 1, directory: 2, excl: 4, trunc: 8 } as const;
/** `PATH_MAX` of Linux without its NUL (limits.h). */
const PATH_BYTES = 4095;
const ALL_RIGHTS = 2n ** 30n - 1n;

/** What works on paths below a directory. */
export function pathFunctions(state: State): Record<string, Implementation> {
  const { memory, fds } = state;
  const path = (pointer: number, length: number) => memory.text(pointer, length, PATH_BYTES);
  /** For the functions that take a directory and a path and nothing else. */
  const at =
    (right: Right, work: (descriptor: Descriptor, path: string) => Promise<void>): Implementation =>
    async (number: number, pointer: number, length: number) => {
      await work(fds.directory(number, right).descriptor, path(pointer, length));
    };
  return {
    path_create_directory: at('path_create_directory', (descriptor, name) =>
      descriptor.createDirectoryAt(name),
    ),
    path_remove_directory: at('path_remove_directory', (descriptor, name) =>
      descriptor.removeDirectoryAt(name),
    ),
    path_unlink_file: at('path_unlink_file', (descriptor, name) => descriptor.unlinkFileAt(name)),
    async path_filestat_get(
      number: number,
      flags: number,
      pointer: number,
      length: number,
      result: number,
    ) {
      const { descriptor } = fds.directory(number, 'path_filestat_get');
      reserveFilestat(state, result);
      const name = path(pointer, length);
      const follow = pathFlags(flags);
      const stat = await descriptor.statAt(follow, name);
      const { lower } = await descriptor.metadataHashAt(follow, name);
      writeFilestat(state, result, stat, FILETYPE[stat.type], lower);
    },
    async path_filestat_set_times(
      number: number,
      flags: number,
      pointer: number,
      length: number,
      access: bigint,
      modification: bigint,
      fstflags: number,
    ) {
      const { descriptor } = fds.directory(number, 'path_filestat_set_times');
      const times = newTimes(access, modification, fstflags);
      await descriptor.setTimesAt(pathFlags(flags), path(pointer, length), ...times);
    },
    async path_link(
      oldNumber: number,
      flags: number,
      oldPointer: number,
      oldLength: number,
      newNumber: number,
      newPointer: number,
      newLength: number,
    ) {
      const from = fds.directory(oldNumber, 'path_link_source').descriptor;
      const to = fds.directory(newNumber, 'path_link_target').descriptor;
      const follow = pathFlags(flags);
      await from.linkAt(follow, path(oldPointer, oldLength), to, path(newPointer, newLength));
    },
    async path_rename(
      oldNumber: number,
      oldPointer: number,
      oldLength: number,
      newNumber: number,
      newPointer: number,
      newLength: number,
    ) {
      const from = fds.directory(oldNumber, 'path_rename_source').descriptor;
      const to = fds.directory(newNumber, 'path_rename_target').descriptor;
      await from.renameAt(path(oldPointer, oldLength), to, path(newPointer, newLength));
    },
    async path_symlink(
      targetPointer: number,
      targetLength: number,
      number: number,
      pointer: number,
      length: number,
    ) {
      const { descriptor } = fds.directory(number, 'path_symlink');
      await descriptor.symlinkAt(path(targetPointer, targetLength), path(pointer, length));
    },
    /** As readlink(2): what the buffer has no room for is left out, and nothing ends it. */
    async path_readlink(
      number: number,
      pointer: number,
      length: number,
      buffer: number,
      size: number,
      result: number,
    ) {
      const { descriptor } = fds.directory(number, 'path_readlink');
      memory.reserve(result, 4, 4);
      memory.reserve(buffer, size, 1);
      const target = Buffer.from(await descriptor.readlinkAt(path(pointer, length))).subarray(
        0,
        size,
      );
      memory.bytes(buffer, target.length).set(target);
      memory.setU32(result, target.length);
    },
    async path_open(
      number: number,
      dirflags: number,
      pointer: number,
      length: number,
      oflags: number,
      base: bigint,
      inheriting: bigint,
      fdflags: number,
      result: number,
    ) {
      memory.reserve(result, 4, 4);
      const needed: Right[] = ['path_open'];
      if ((oflags & OFLAGS.creat) !== 0) needed.push('path_create_file');
      if ((oflags & OFLAGS.trunc) !== 0) needed.push('path_filestat_set_size');
      const directory = fds.directory(number, ...needed);
      if (oflags > 15 || fdflags > 31) fail('inval');
      const wanted = { base: base & ALL_RIGHTS, inheriting: inheriting & ALL_RIGHTS };
      // Rights are handed down and never gained; those that fit neither kind of file are left out silently.
      const known = FILE_RIGHTS | DIRECTORY_RIGHTS;
      if (((wanted.base | wanted.inheriting) & known & ~directory.inheriting) !== 0n)
        fail('notcapable');
      const descriptor = await opened(
        directory.descriptor.openAt(
          pathFlags(dirflags),
          path(pointer, length),
          {
            create: (oflags & OFLAGS.creat) !== 0,
            directory: (oflags & OFLAGS.directory) !== 0,
            exclusive: (oflags & OFLAGS.excl) !== 0,
            truncate: (oflags & OFLAGS.trunc) !== 0,
          },
          {
            read: (wanted.base & rights('fd_read', 'fd_readdir')) !== 0n,
            write: (wanted.base & rights('fd_write')) !== 0n,
            dataIntegritySync: (fdflags & FDFLAGS.dsync) !== 0,
            requestedWriteSync: (fdflags & FDFLAGS.rsync) !== 0,
            fileIntegritySync: (fdflags & FDFLAGS.sync) !== 0,
          },
        ),
      );
      memory.setU32(result, fds.add(fdOf(descriptor, wanted, fdflags)));
    },
  };
}

function fdOf(
  descriptor: Descriptor,
  wanted: { readonly base: bigint; readonly inheriting: bigint },
  flags: number,
): Fd {
  if (descriptor.getType() === 'directory') {
    return {
      kind: 'directory',
      descriptor,
      rights: wanted.base & DIRECTORY_RIGHTS,
      inheriting: wanted.inheriting,
      flags,
      preopen: undefined,
      reading: undefined,
    };
  }
  return {
    kind: 'file',
    descriptor,
    rights: wanted.base & FILE_RIGHTS,
    inheriting: 0n,
    flags,
    position: 0n,
    appender: undefined,
  };
}

/** Too many open files have an errno of their own in preview1, which they have not in the WIT. */
async function opened(opening: Promise<Descriptor>): Promise<Descriptor> {
  try {
    return await opening;
  } catch (thrown) {
    if (thrown instanceof WasiError && thrown.payload === 'insufficient-memory') fail('mfile');
    throw thrown;
  }
}
