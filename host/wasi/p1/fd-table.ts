import type { Descriptor, DirectoryEntry, DirectoryEntryStream } from '../filesystem/index.ts';
import type { InputStream, OutputStream } from '../io/index.ts';
import { fail } from './errno.ts';
import { type Right, rights } from './rights.ts';

interface Common {
  /** What may be done through it. */
  rights: bigint;
  /** The most that what is opened through it may have. */
  inheriting: bigint;
  /** `fdflags` of preview1. */
  flags: number;
}

export interface InputFd extends Common {
  readonly kind: 'input';
  readonly stream: InputStream;
  readonly terminal: boolean;
}

export interface OutputFd extends Common {
  readonly kind: 'output';
  readonly stream: OutputStream;
  readonly terminal: boolean;
}

export interface FileFd extends Common {
  readonly kind: 'file';
  readonly descriptor: Descriptor;
  position: bigint;
  /** For writes at the end, wherever that is by then; made with the first of them. */
  appender: OutputStream | undefined;
}

export interface DirectoryFd extends Common {
  readonly kind: 'directory';
  readonly descriptor: Descriptor;
  /** UTF-8 name of a preopened directory. */
  readonly preopen: Uint8Array | undefined;
  reading: Reading | undefined;
}

/** How far a directory has been read; entries that the guest's buffer had no room for are kept. */
export interface Reading {
  readonly stream: DirectoryEntryStream;
  /** Cookie of the first entry of `ahead`, or of the next one to be read. */
  first: number;
  readonly ahead: DirectoryEntry[];
  ended: boolean;
}

export type Fd = InputFd | OutputFd | FileFd | DirectoryFd;

/** `fdflags` of preview1. */
export const FDFLAGS = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;

/** The file descriptors of one instance: numbers from 0, the lowest free one first, as POSIX has it. */
export class FdTable {
  readonly #entries = new Map<number, Fd>();

  add(entry: Fd): number {
    let number = 0;
    while (this.#entries.has(number)) number += 1;
    this.#entries.set(number, entry);
    return number;
  }

  /** Fails with `badf` when it is not open, with `notcapable` when it has not all of the rights. */
  get(number: number, ...needed: readonly Right[]): Fd {
    const entry = this.#entries.get(number);
    if (entry === undefined) return fail('badf');
    const wanted = rights(...needed);
    if ((entry.rights & wanted) !== wanted) fail('notcapable');
    return entry;
  }

  /** As `get`; fails with `badf` for what is no directory where paths could start, `notdir` for a file. */
  directory(number: number, ...needed: readonly Right[]): DirectoryFd {
    const entry = this.get(number);
    if (entry.kind === 'file') return fail('notdir');
    if (entry.kind !== 'directory') return fail('badf');
    this.get(number, ...needed);
    return entry;
  }

  /** As `get`, for what is on a file system. */
  onDisk(number: number, ...needed: readonly Right[]): FileFd | DirectoryFd {
    const entry = this.get(number);
    if (entry.kind === 'input' || entry.kind === 'output') return fail('badf');
    this.get(number, ...needed);
    return entry;
  }

  /** As `get`, for a regular file; fails with `spipe` for streams, `isdir` for directories. */
  file(number: number, ...needed: readonly Right[]): FileFd {
    const entry = this.get(number);
    if (entry.kind === 'directory') return fail('isdir');
    if (entry.kind !== 'file') return fail('spipe');
    this.get(number, ...needed);
    return entry;
  }

  close(number: number): void {
    const entry = this.get(number);
    this.#entries.delete(number);
    release(entry);
  }

  /** `to` becomes what `from` was, at once; what `to` was is closed. */
  renumber(from: number, to: number): void {
    const moved = this.get(from);
    const replaced = this.get(to);
    if (from === to) return;
    this.#entries.set(to, moved);
    this.#entries.delete(from);
    release(replaced);
  }
}

function release(entry: Fd): void {
  if (entry.kind === 'input' || entry.kind === 'output') return entry.stream[Symbol.dispose]();
  if (entry.kind === 'file') entry.appender?.[Symbol.dispose]();
  else entry.reading?.stream[Symbol.dispose]();
  entry.descriptor[Symbol.dispose]();
}
