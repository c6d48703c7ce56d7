/**
 * wasi:filesystem: descriptors, directories and files below granted directories.
 *
 * May import base and the rest of the WASI host. Must never know why a directory was granted; a path of the
 * host is seen by `preopen.ts` alone, and everything else works on open descriptors (decisions/002-path-walk.md).
 */
export { Descriptor } from './descriptor.ts';
export { DirectoryEntryStream, type DirectoryEntry } from './directory-stream.ts';
export type { ErrorCode as FilesystemErrorCode } from './errno.ts';
export { filesystemP2, filesystemP2Blocking, openPreopens, type FilesystemOptions } from './p2.ts';
export { openPreopen, type Preopen, PreopenError, type PreopenOptions } from './preopen.ts';
export type { QuotaLimits } from './quota.ts';
export type { DescriptorStat, DescriptorType } from './stat.ts';
export type { NewTimestamp } from './times.ts';
