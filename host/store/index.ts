/**
 * Where bytes and small documents are kept: artifacts by digest, records by key, a cache that may forget.
 * The interfaces are small so that each driver is; all drivers run `conformance.ts`.
 *
 * May import `base`. Must never know what a function, a version or a component is.
 */
export { StoreError, type StoreErrorCode } from './errors.ts';
export type { ArtifactStore, ArtifactEntry, StagedArtifact, StageOptions } from './artifacts.ts';
export {
  isJsonObject,
  type RecordStore,
  type StoredRecord,
  type PutOptions,
  type Json,
  type JsonObject,
} from './records.ts';
export type { BlobCache, CacheFailure, CacheReporter } from './cache.ts';
export { createSerial, type Serial } from './serial.ts';
export { createMemoryStore } from './drivers/memory.ts';
export { openFileStore, type FileStoreOptions } from './drivers/files/index.ts';
export type { Disk, DiskFile } from './drivers/files/disk.ts';
export { breakingDisk, type BreakingDisk } from './drivers/files/breaking-disk.ts';
export type { Store } from './store.ts';
