import { join, resolve } from 'node:path';
import { storageFailure } from '../../errors.ts';
import { fileArtifacts } from './artifacts.ts';
import { openFileCache } from './cache.ts';
import { makeDirectory, systemDisk, type Disk } from './disk.ts';
import { lockDirectory } from './lock.ts';
import { fileRecords } from './records.ts';
import { createStaging } from './staging.ts';
import type { Clock } from '../../../base/index.ts';
import type { CacheReporter } from '../../cache.ts';
import type { Store } from '../../store.ts';

export interface FileStoreOptions {
  /** Made when it is not there, with mode 0700; what is made in it can be read by its owner only. */
  readonly directory: string;
  readonly clock: Clock;
  /** Told what the cache forgot or did not keep. */
  readonly report: CacheReporter;
  /** Most bytes that the cache keeps. Default 1 GiB. */
  readonly cacheBytes?: number | undefined;
  /** The file system; the machine's own unless a test gives another. */
  readonly disk?: Disk | undefined;
}

/**
 * Everything under one directory: `artifacts/`, `records/`, `cache/`, `staging/`, `lock`, `owner.json`.
 * Removes what an earlier process left half-done. Takes the directory until `close` or the end of the process.
 *
 * Throws StoreError `data-locked` (503), `storage-full` (507), `storage-failed` (503).
 */
export async function openFileStore(options: FileStoreOptions): Promise<Store> {
  const { clock, report, cacheBytes = 2 ** 30, disk = systemDisk() } = options;
  const root = resolve(options.directory);
  let release: (() => void) | undefined;
  try {
    await makeDirectory(disk, root);
    release = lockDirectory(root);
    await disk.remove(join(root, 'staging'));
    for (const name of ['artifacts', 'cache', 'records', 'staging'])
      await makeDirectory(disk, join(root, name));
    const staging = createStaging(disk, join(root, 'staging'));
    const unlock = release;
    return {
      artifacts: fileArtifacts(disk, join(root, 'artifacts'), staging),
      records: fileRecords(disk, join(root, 'records'), staging),
      cache: await openFileCache({
        disk,
        directory: join(root, 'cache'),
        staging,
        maxBytes: cacheBytes,
        clock,
        report,
      }),
      close: async () => unlock(),
    };
  } catch (error) {
    release?.();
    throw storageFailure(error, `open the data directory ${root}`);
  }
}
