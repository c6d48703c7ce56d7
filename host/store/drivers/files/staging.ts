import { join } from 'node:path';
import { unlinkIfThere, type Disk, type DiskFile } from './disk.ts';

/** Where files grow before they are renamed to where they belong; on the same file system, emptied at each start. */
export interface Staging {
  /**
   * Makes a new file and lets `fill` write it; gives its path, closed, and what `fill` gave. When anything fails,
   * the file is removed and the first failure thrown.
   */
  write<T>(fill: (file: DiskFile) => Promise<T>): Promise<{ path: string; result: T }>;
  /** Removes a file that is not wanted; one that was renamed away is no failure. */
  drop(path: string): Promise<void>;
}

export function createStaging(disk: Disk, directory: string): Staging {
  let count = 0;
  const drop = async (path: string) => void (await unlinkIfThere(disk, path));
  return {
    async write(fill) {
      // Unique as it stands: one process holds the data directory, and starts with an empty staging.
      const path = join(directory, `${process.pid}-${++count}`);
      const file = await disk.open(path, 'wx');
      try {
        let result;
        try {
          result = await fill(file);
        } finally {
          await file.close();
        }
        return { path, result };
      } catch (error) {
        // What failed first is what the caller must hear of; what cannot be removed now goes at the next start.
        await drop(path).catch(() => undefined);
        throw error;
      }
    },
    drop,
  };
}
