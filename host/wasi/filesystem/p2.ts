import type { WasiInstance } from '../instance.ts';
import type { IoError } from '../io/index.ts';
import { FilesystemContext } from './context.ts';
import { Descriptor } from './descriptor.ts';
import { DirectoryEntryStream } from './directory-stream.ts';
import type { Preopen } from './preopen.ts';

export interface FilesystemOptions {
  readonly preopens: readonly Preopen[];
  /** Secret of the function's version, at least 16 random bytes: keys `metadata-hash`. */
  readonly hashKey: Uint8Array;
}

/** `wasi:filesystem` 0.2 for one instance. Without preopens it reaches nothing. */
export function filesystemP2(instance: WasiInstance, options: FilesystemOptions) {
  const context = new FilesystemContext(instance, options.hashKey);
  return {
    'wasi:filesystem/types': {
      Descriptor,
      DirectoryEntryStream,
      filesystemErrorCode: (error: IoError) =>
        error.failure.domain === 'filesystem' ? error.failure.code : undefined,
    },
    'wasi:filesystem/preopens': {
      getDirectories(): [Descriptor, string][] {
        instance.check();
        return options.preopens.map((preopen) => [
          descriptorOf(context, preopen),
          preopen.guestPath,
        ]);
      },
    },
  };
}

/** The granted directories of one instance, with their names: what `get-directories` gives, for other versions of WASI. */
export function openPreopens(
  instance: WasiInstance,
  options: FilesystemOptions,
): [Descriptor, string][] {
  const context = new FilesystemContext(instance, options.hashKey);
  return options.preopens.map((preopen) => [descriptorOf(context, preopen), preopen.guestPath]);
}

function descriptorOf(context: FilesystemContext, preopen: Preopen): Descriptor {
  const { writable } = preopen;
  const flags = {
    read: true,
    write: false,
    fileIntegritySync: false,
    dataIntegritySync: false,
    requestedWriteSync: false,
    mutateDirectory: writable,
  };
  const file = preopen.root.retain();
  return Descriptor.adopt({
    context,
    preopen,
    file,
    type: 'directory',
    flags,
    mutable: writable,
    depth: 0,
    inode: undefined,
  });
}

/** The functions of `wasi:filesystem` 0.2 that may suspend the guest. */
export const filesystemP2Blocking = [
  'wasi:filesystem/types#[method]descriptor.append-via-stream',
  'wasi:filesystem/types#[method]descriptor.sync-data',
  'wasi:filesystem/types#[method]descriptor.set-size',
  'wasi:filesystem/types#[method]descriptor.set-times',
  'wasi:filesystem/types#[method]descriptor.read',
  'wasi:filesystem/types#[method]descriptor.write',
  'wasi:filesystem/types#[method]descriptor.read-directory',
  'wasi:filesystem/types#[method]descriptor.sync',
  'wasi:filesystem/types#[method]descriptor.create-directory-at',
  'wasi:filesystem/types#[method]descriptor.stat',
  'wasi:filesystem/types#[method]descriptor.stat-at',
  'wasi:filesystem/types#[method]descriptor.set-times-at',
  'wasi:filesystem/types#[method]descriptor.link-at',
  'wasi:filesystem/types#[method]descriptor.open-at',
  'wasi:filesystem/types#[method]descriptor.readlink-at',
  'wasi:filesystem/types#[method]descriptor.remove-directory-at',
  'wasi:filesystem/types#[method]descriptor.rename-at',
  'wasi:filesystem/types#[method]descriptor.symlink-at',
  'wasi:filesystem/types#[method]descriptor.unlink-file-at',
  'wasi:filesystem/types#[method]descriptor.metadata-hash',
  'wasi:filesystem/types#[method]descriptor.metadata-hash-at',
  'wasi:filesystem/types#[method]directory-entry-stream.read-directory-entry',
] as const;
