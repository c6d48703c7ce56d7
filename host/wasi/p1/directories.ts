import type { DirectoryEntry } from '../filesystem/index.ts';
import { WasiError } from '../errors.ts';
import { fail } from './errno.ts';
import type { DirectoryFd, Reading } from './fd-table.ts';
import { FILETYPE, inodeOf } from './filestat.ts';
import type { Implementation, State } from './state.ts';

const DIRENT_BYTES = 24;
/** `.` and `..` come first; what the file system lists has the cookies after theirs. */
const DOTS = ['.', '..'] as const;

const encoder = new TextEncoder();

/** What is there of preopened directories, and of the entries of any. */
export function directoryFunctions(state: State): Record<string, Implementation> {
  const { memory, fds, instance } = state;
  return {
    fd_prestat_get(number: number, result: number) {
      const name = preopenName(number);
      const view = memory.structure(result, 8, 4);
      view.setUint32(result, 0, true);
      view.setUint32(result + 4, name.length, true);
    },
    fd_prestat_dir_name(number: number, pointer: number, length: number) {
      const name = preopenName(number);
      const into = memory.bytes(pointer, length);
      if (length < name.length) fail('nametoolong');
      into.set(name);
    },
    /**
     * Entries from `cookie` on, as many as the buffer holds; the last may be cut off, upon which the guest asks
     * again with its cookie. Less than the buffer's length means that there are no more.
     */
    async fd_readdir(
      number: number,
      pointer: number,
      length: number,
      cookie: bigint,
      result: number,
    ) {
      const fd = fds.directory(number, 'fd_readdir');
      memory.reserve(result, 4, 4);
      memory.reserve(pointer, length, 1);
      const most = Math.min(length, instance.limits.copy);
      let written = 0;
      let next = cookie;
      while (written < most) {
        const entry = await entryAt(fd, next);
        if (entry === undefined) break;
        next += 1n;
        const bytes = dirent(next, entry.inode, entry.type, entry.name).subarray(0, most - written);
        memory.bytes(pointer + written, bytes.length).set(bytes);
        written += bytes.length;
      }
      memory.setU32(result, written);
    },
  };

  function preopenName(number: number): Uint8Array {
    const fd = fds.get(number);
    if (fd.kind !== 'directory' || fd.preopen === undefined) return fail('badf');
    return fd.preopen;
  }
}

interface Found {
  readonly name: string;
  readonly type: number;
  readonly inode: bigint;
}

async function entryAt(fd: DirectoryFd, cookie: bigint): Promise<Found | undefined> {
  const dots = DOTS[Number(cookie)];
  if (cookie < BigInt(DOTS.length) && dots !== undefined) {
    // The parent of a preopen is not the guest's to know of.
    return {
      name: dots,
      type: FILETYPE.directory,
      inode: dots === '.' ? await inodeOf(fd.descriptor) : 0n,
    };
  }
  const entry = await listed(fd, cookie - BigInt(DOTS.length));
  if (entry === undefined) return undefined;
  return { name: entry.name, type: FILETYPE[entry.type], inode: await entryInode(fd, entry.name) };
}

/** 0 for what has been removed since it was listed. */
async function entryInode({ descriptor }: DirectoryFd, name: string): Promise<bigint> {
  try {
    return (await descriptor.metadataHashAt({}, name)).lower;
  } catch (thrown) {
    if (thrown instanceof WasiError) return 0n;
    throw thrown;
  }
}

/** The entry with this index. Going back begins anew, as `rewinddir` and `seekdir` do. */
async function listed(fd: DirectoryFd, index: bigint): Promise<DirectoryEntry | undefined> {
  if (fd.reading !== undefined && index < fd.reading.first) {
    fd.reading.stream[Symbol.dispose]();
    fd.reading = undefined;
  }
  fd.reading ??= { stream: await fd.descriptor.readDirectory(), first: 0, ahead: [], ended: false };
  const { reading } = fd;
  while (!reading.ended && index >= reading.first + reading.ahead.length)
    await readOn(reading, index);
  return reading.ahead[Number(index) - reading.first];
}

async function readOn(reading: Reading, wanted: bigint): Promise<void> {
  const entry = await reading.stream.readDirectoryEntry();
  if (entry === undefined) {
    reading.ended = true;
    return;
  }
  reading.ahead.push(entry);
  // The entry before the wanted one is kept: a guest whose buffer was too small for it asks for it again.
  while (reading.ahead.length > KEPT && reading.first + 1 < wanted) {
    reading.ahead.shift();
    reading.first += 1;
  }
}

/** Entries that are kept to be asked for again without reading the directory from its start. */
const KEPT = 64;

function dirent(next: bigint, inode: bigint, type: number, name: string): Uint8Array {
  const text = encoder.encode(name);
  const bytes = new Uint8Array(DIRENT_BYTES + text.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, next, true);
  view.setBigUint64(8, inode, true);
  view.setUint32(16, text.length, true);
  view.setUint8(20, type);
  bytes.set(text, DIRENT_BYTES);
  return bytes;
}
