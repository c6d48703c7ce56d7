import {
  filesystemP2,
  filesystemP2Blocking,
  openPreopen,
  type Preopen,
  PreopenError,
} from '../../wasi/filesystem/index.ts';
import { always, type Capability } from '../capability.ts';
import { GrantError } from '../errors.ts';

interface Configured extends Disposable {
  readonly preopens: readonly Preopen[];
  /** Keys `metadata-hash`, so that it is the same for all instances of a version and tells nothing of the disk. */
  readonly hashKey: Uint8Array;
}

/**
 * wasi:filesystem: linked for everybody, with the granted directories and no other as preopens.
 * They are opened once per version, so that all its instances share one quota.
 */
export const filesystem: Capability<Configured> = {
  name: 'filesystem',
  links: [
    {
      interface: 'wasi:filesystem/types',
      version: '0.2.0',
      functions: always(
        '[method]descriptor.read-via-stream',
        '[method]descriptor.write-via-stream',
        '[method]descriptor.append-via-stream',
        '[method]descriptor.advise',
        '[method]descriptor.sync-data',
        '[method]descriptor.get-flags',
        '[method]descriptor.get-type',
        '[method]descriptor.set-size',
        '[method]descriptor.set-times',
        '[method]descriptor.read',
        '[method]descriptor.write',
        '[method]descriptor.read-directory',
        '[method]descriptor.sync',
        '[method]descriptor.create-directory-at',
        '[method]descriptor.stat',
        '[method]descriptor.stat-at',
        '[method]descriptor.set-times-at',
        '[method]descriptor.link-at',
        '[method]descriptor.open-at',
        '[method]descriptor.readlink-at',
        '[method]descriptor.remove-directory-at',
        '[method]descriptor.rename-at',
        '[method]descriptor.symlink-at',
        '[method]descriptor.unlink-file-at',
        '[method]descriptor.is-same-object',
        '[method]descriptor.metadata-hash',
        '[method]descriptor.metadata-hash-at',
        '[method]directory-entry-stream.read-directory-entry',
        'filesystem-error-code',
      ),
    },
    {
      interface: 'wasi:filesystem/preopens',
      version: '0.2.0',
      functions: always('get-directories'),
    },
  ],
  blocking: filesystemP2Blocking,
  granted: () => true,
  async configure(grants, _limits, environment) {
    const hashKey = new Uint8Array(32);
    environment.random(hashKey);
    using opened = new DisposableStack();
    const preopens: Preopen[] = [];
    for (const grant of grants.dirs) {
      try {
        preopens.push(
          opened.use(
            await openPreopen({
              hostPath: grant.host,
              guestPath: grant.guest,
              writable: grant.mode === 'rw',
              quota: { bytes: grant.quota, files: grant.files },
              withheld: environment.ownDirectories,
            }),
          ),
        );
      } catch (cause) {
        if (!(cause instanceof PreopenError)) throw cause;
        const { code, status, message, fix } = cause;
        throw new GrantError({
          code,
          status,
          message: `the directory granted as ${grant.guest} cannot be opened: ${message}`,
          fix,
          cause,
          details: { grant: 'dirs', guest: grant.guest },
        });
      }
    }
    const held = opened.move();
    return { preopens, hashKey, [Symbol.dispose]: () => held.dispose() };
  },
  prepare: ({ preopens, hashKey }, { instance }) => filesystemP2(instance, { preopens, hashKey }),
  preview1: {
    functions: always(
      'fd_advise',
      'fd_allocate',
      'fd_close',
      'fd_datasync',
      'fd_fdstat_get',
      'fd_fdstat_set_flags',
      'fd_fdstat_set_rights',
      'fd_filestat_get',
      'fd_filestat_set_size',
      'fd_filestat_set_times',
      'fd_pread',
      'fd_prestat_dir_name',
      'fd_prestat_get',
      'fd_pwrite',
      'fd_read',
      'fd_readdir',
      'fd_renumber',
      'fd_seek',
      'fd_sync',
      'fd_tell',
      'fd_write',
      'path_create_directory',
      'path_filestat_get',
      'path_filestat_set_times',
      'path_link',
      'path_open',
      'path_readlink',
      'path_remove_directory',
      'path_rename',
      'path_symlink',
      'path_unlink_file',
      // They say of every descriptor that it is no socket.
      'sock_accept',
      'sock_recv',
      'sock_send',
      'sock_shutdown',
    ),
  },
  preparePreview1: ({ preopens, hashKey }) => ({ filesystem: { preopens, hashKey } }),
};
