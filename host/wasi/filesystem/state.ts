import type { FilesystemContext } from './context.ts';
import { failure } from './errno.ts';
import type { Inode } from './inode.ts';
import type { OpenFile } from './open-file.ts';
import type { Preopen } from './preopen.ts';
import type { DescriptorType } from './stat.ts';
import type { WalkBase } from './walk.ts';

/** `wasi:filesystem/types.descriptor-flags`. */
export interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fileIntegritySync?: boolean;
  readonly dataIntegritySync?: boolean;
  readonly requestedWriteSync?: boolean;
  readonly mutateDirectory?: boolean;
}

/** `wasi:filesystem/types.path-flags`. */
export interface PathFlags {
  readonly symlinkFollow?: boolean;
}

/** `wasi:filesystem/types.open-flags`. */
export interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

/** What a descriptor stands for. */
export interface DescriptorState {
  readonly context: FilesystemContext;
  readonly preopen: Preopen;
  /** `O_PATH` for a directory, opened with the wanted access for a file. */
  readonly file: OpenFile;
  readonly type: DescriptorType;
  readonly flags: Required<DescriptorFlags>;
  /** Whether anything may be changed through it: handed down from the preopen, never gained. */
  readonly mutable: boolean;
  /** Directories between it and its preopen. */
  readonly depth: number;
  /** Of a regular file. */
  readonly inode: Inode | undefined;
}

/** What paths are resolved from. Throws `not-directory`. */
export function baseOf(state: DescriptorState): WalkBase {
  if (state.type !== 'directory') throw failure('not-directory');
  const { preopen, file, depth } = state;
  return { lookups: preopen.lookups, mounts: preopen.mounts, fd: file.fd, depth };
}

/** Throws `read-only`, and reports it, unless things may be changed through `state`. */
export function requireMutable(state: DescriptorState, operation: string): void {
  if (!state.mutable) state.context.refuseChange(state.preopen, operation);
}

/** The regular file behind `state`. Throws `is-directory`. */
export function inodeOf(state: DescriptorState): Inode {
  if (state.inode === undefined) throw failure('is-directory');
  return state.inode;
}

/** Throws unless the file may be read. */
export function requireReadable(state: DescriptorState): Inode {
  const inode = inodeOf(state);
  if (!state.flags.read) throw failure('bad-descriptor');
  return inode;
}

/** Throws unless the file may be written. */
export function requireWritable(state: DescriptorState, operation: string): Inode {
  const inode = inodeOf(state);
  requireMutable(state, operation);
  if (!state.flags.write) throw failure('bad-descriptor');
  return inode;
}
