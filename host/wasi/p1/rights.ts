/** `rights` of preview1 (typenames.witx): bit numbers. */
const bits = {
  fd_datasync: 0,
  fd_read: 1,
  fd_seek: 2,
  fd_fdstat_set_flags: 3,
  fd_sync: 4,
  fd_tell: 5,
  fd_write: 6,
  fd_advise: 7,
  fd_allocate: 8,
  path_create_directory: 9,
  path_create_file: 10,
  path_link_source: 11,
  path_link_target: 12,
  path_open: 13,
  fd_readdir: 14,
  path_readlink: 15,
  path_rename_source: 16,
  path_rename_target: 17,
  path_filestat_get: 18,
  path_filestat_set_size: 19,
  path_filestat_set_times: 20,
  fd_filestat_get: 21,
  fd_filestat_set_size: 22,
  fd_filestat_set_times: 23,
  path_symlink: 24,
  path_remove_directory: 25,
  path_unlink_file: 26,
  poll_fd_readwrite: 27,
} as const;

export type Right = keyof typeof bits;

export function rights(...names: readonly Right[]): bigint {
  return names.reduce((all, name) => all | (1n << BigInt(bits[name])), 0n);
}

const common = [
  'fd_fdstat_set_flags',
  'fd_sync',
  'fd_datasync',
  'fd_filestat_get',
  'fd_filestat_set_times',
  'poll_fd_readwrite',
] as const;

/** Everything that makes sense for a regular file. */
export const FILE_RIGHTS = rights(
  ...common,
  'fd_read',
  'fd_seek',
  'fd_tell',
  'fd_write',
  'fd_advise',
  'fd_allocate',
  'fd_filestat_set_size',
);

/** Everything that makes sense for a directory. */
export const DIRECTORY_RIGHTS = rights(
  ...common,
  'fd_readdir',
  'path_create_directory',
  'path_create_file',
  'path_link_source',
  'path_link_target',
  'path_open',
  'path_readlink',
  'path_rename_source',
  'path_rename_target',
  'path_filestat_get',
  'path_filestat_set_size',
  'path_filestat_set_times',
  'path_symlink',
  'path_remove_directory',
  'path_unlink_file',
);

/** Without seek and tell a C library takes a character device for a terminal. */
export const INPUT_RIGHTS = rights(
  'fd_read',
  'fd_fdstat_set_flags',
  'fd_filestat_get',
  'poll_fd_readwrite',
);
export const OUTPUT_RIGHTS = rights(
  'fd_write',
  'fd_fdstat_set_flags',
  'fd_filestat_get',
  'poll_fd_readwrite',
);
