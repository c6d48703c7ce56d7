import {
  open,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../errors.ts';

/** An open file, as far as the drivers need one. */
export interface DiskFile {
  /** Writes at the end of what was written; gives how many bytes were taken, which may be fewer. */
  write(bytes: Uint8Array): Promise<{ bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The calls of the file system that the drivers make, so that tests can make each of them fail. */
export interface Disk {
  /** Flags as in open(2): `wx` (new, write), `r+` and `r`. New files get mode 0600. */
  open(path: string, flags: string): Promise<DiskFile>;
  /** With its parents, mode 0700; gives the first directory that had to be made. */
  mkdir(path: string): Promise<string | undefined>;
  readFile(path: string): Promise<Uint8Array>;
  readdir(path: string): Promise<{ name: string; directory: boolean }[]>;
  stat(path: string): Promise<{ size: number; mtimeMs: number }>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  /** A file, or a directory with all that is in it. */
  remove(path: string): Promise<void>;
  /** Milliseconds since 1970. */
  touch(path: string, mtimeMs: number): Promise<void>;
}

export function systemDisk(): Disk {
  return {
    open: (path, flags) => open(path, flags, 0o600),
    mkdir: (path) => mkdir(path, { recursive: true, mode: 0o700 }),
    readFile: (path) => readFile(path),
    async readdir(path) {
      const entries = await readdir(path, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, directory: entry.isDirectory() }));
    },
    stat: (path) => stat(path),
    rename: (from, to) => rename(from, to),
    unlink: (path) => unlink(path),
    rmdir: (path) => rmdir(path),
    remove: (path) => rm(path, { recursive: true, force: true }),
    touch: (path, mtimeMs) => utimes(path, mtimeMs / 1000, mtimeMs / 1000),
  };
}

/** Writes all of `bytes`: one write(2) may take fewer than it is given. */
export async function writeAll(file: DiskFile, bytes: Uint8Array): Promise<void> {
  let left = bytes;
  while (left.byteLength > 0) {
    const { bytesWritten } = await file.write(left);
    left = left.subarray(bytesWritten);
  }
}

/** Makes a rename or an unlink in the directory survive a loss of power; fsync(2) of the file alone does not. */
export async function syncDirectory(disk: Disk, path: string): Promise<void> {
  // Windows has no handle for this and orders such changes in its journal.
  if (process.platform === 'win32') return;
  const directory = await disk.open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes the directory and its parents, durably. */
export async function makeDirectory(disk: Disk, path: string): Promise<void> {
  const first = await disk.mkdir(path);
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made))
    await syncDirectory(disk, dirname(made));
}

/** The file's bytes, or undefined where there is none. */
export async function readIfThere(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** False when there was none. */
export async function unlinkIfThere(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.unlink(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
