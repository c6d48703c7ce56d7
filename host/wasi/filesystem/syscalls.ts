import fs from 'node:fs';

/**
 * The system calls of this package, over raw descriptors: a `FileHandle` closes itself whenever the
 * garbage collector likes, and its descriptor cannot be named in a path of `/proc/self/fd`.
 */

/** `O_PATH` of Linux on every architecture that Node runs on (asm-generic/fcntl.h); Node does not export it. */
const O_PATH = 0o10000000;

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;

/** A name that is itself opened, whatever it is; a symlink is opened, not followed; nothing is read or waited for. */
export const OPEN_OBJECT = O_PATH | O_NOFOLLOW;
/** The same, and only a directory. */
export const OPEN_DIRECTORY = OPEN_OBJECT | O_DIRECTORY;
/** A directory by a path of the operator, who may use symlinks, or by an own descriptor. */
export const OPEN_OWN_DIRECTORY = O_PATH | O_DIRECTORY;

/** Names the very object that is open as `fd`, however it is called or moved by now. */
export function objectPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** Names the entry `name` (one checked path component) of the directory that is open as `fd`. */
export function entryPath(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}

type Maybe<T> = T | Promise<T>;

/** The calls that a path walk consists of. Two implementations: decisions/002-path-walk.md. */
export interface Lookups {
  open(path: string, flags: number): Maybe<number>;
  fstat(fd: number): Maybe<fs.BigIntStats>;
  readlink(path: string): Maybe<Buffer>;
}

/** For file systems of this machine, where a look-up costs less than handing it to another thread. */
export const immediateLookups: Lookups = {
  open: (path, flags) => fs.openSync(path, flags),
  fstat: (fd) => fs.fstatSync(fd, { bigint: true }),
  readlink: (path) => fs.readlinkSync(path, { encoding: 'buffer' }),
};

/** For file systems that may wait for a network or another process (NFS, SMB, FUSE …). */
export const deferredLookups: Lookups = {
  open: (path, flags) => call((done) => fs.open(path, flags, done)),
  fstat: (fd) => fstat(fd),
  readlink: (path) => call((done) => fs.readlink(path, { encoding: 'buffer' }, done)),
};

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

function perform(
  start: (done: (error: NodeJS.ErrnoException | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) =>
    start((error) => (error === null ? resolve() : reject(error))),
  );
}

export function open(path: string, flags: number, mode?: number): Promise<number> {
  return call((done) => fs.open(path, flags, mode, done));
}

export function fstat(fd: number): Promise<fs.BigIntStats> {
  return call((done) => fs.fstat(fd, { bigint: true }, done));
}

export function lstat(path: Buffer): Promise<fs.BigIntStats> {
  return call((done) => fs.lstat(path, { bigint: true }, done));
}

/** The magic number of the file system that the object open as `fd` is on (statfs(2)). */
export async function fileSystemType(fd: number): Promise<number> {
  return (await call<fs.StatsFs>((done) => fs.statfs(objectPath(fd), done))).type;
}

/** Bytes read into `into` from `position` on, 0 at the end of the file. */
export function pread(fd: number, into: Uint8Array, position: number): Promise<number> {
  return call((done) => fs.read(fd, into, 0, into.length, position, done));
}

/** Writes at `position`, or, `null`, where the descriptor stands (the end, with `O_APPEND`). */
export function pwrite(fd: number, bytes: Uint8Array, position: number | null): Promise<number> {
  return call((done) => fs.write(fd, bytes, 0, bytes.length, position, done));
}

export function ftruncate(fd: number, size: number): Promise<void> {
  return perform((done) => fs.ftruncate(fd, size, done));
}

export function fsync(fd: number): Promise<void> {
  return perform((done) => fs.fsync(fd, done));
}

export function fdatasync(fd: number): Promise<void> {
  return perform((done) => fs.fdatasync(fd, done));
}

/** `fsync` of a directory, for which its `O_PATH` descriptor does not serve. */
export async function syncDirectory(fd: number): Promise<void> {
  const readable = await open(objectPath(fd), O_RDONLY | O_DIRECTORY);
  try {
    await fsync(readable);
  } finally {
    closeLater(readable);
  }
}

export function mkdir(path: string): Promise<void> {
  return perform((done) => fs.mkdir(path, done));
}

export function rmdir(path: string): Promise<void> {
  return perform((done) => fs.rmdir(path, done));
}

export function unlink(path: string): Promise<void> {
  return perform((done) => fs.unlink(path, done));
}

export function rename(from: string, to: string): Promise<void> {
  return perform((done) => fs.rename(from, to, done));
}

export function link(from: string, to: string): Promise<void> {
  return perform((done) => fs.link(from, to, done));
}

export function symlink(target: string, path: string): Promise<void> {
  return perform((done) => fs.symlink(target, path, done));
}

/** Sets times; `follow` says whether a symlink at the end of `path` is followed. */
export function utimes(
  path: string,
  follow: boolean,
  access: number | Date,
  modification: number | Date,
): Promise<void> {
  return perform((done) => (follow ? fs.utimes : fs.lutimes)(path, access, modification, done));
}

/** A directory to be read a few entries at a time, whose names `entryName` gives. */
export function opendir(fd: number): Promise<fs.Dir> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- @types/node does not list "buffer" here, which Node documents
  const encoding = 'buffer' as BufferEncoding;
  return call((done) => fs.opendir(objectPath(fd), { encoding, bufferSize: 64 }, done));
}

/** The bytes of a name; the types of Node know only of text. */
export function entryName(entry: fs.Dirent): Buffer {
  const { name }: { name: string | Buffer } = entry;
  return typeof name === 'string' ? Buffer.from(name) : name;
}

/** Closes an `O_PATH` descriptor: nothing is flushed or waited for. */
export function closeNow(fd: number): void {
  fs.closeSync(fd);
}

/**
 * Closes a descriptor of an opened file, which may wait for the device. What it reports reaches nobody:
 * the descriptor is gone either way (close(2)), and a guest learns of lost data by `sync`.
 */
export function closeLater(fd: number): void {
  fs.close(fd, () => {});
}
