import { dirname, join } from 'node:path';
import { decodeRecord, encodeRecord } from '../../envelope.ts';
import { storageFailure, systemCode } from '../../errors.ts';
import { recordConflict } from '../../failures.ts';
import { ABSENT, checkRecordKey, type RecordStore } from '../../records.ts';
import { createSerial } from '../../serial.ts';
import {
  isMissing,
  makeDirectory,
  readIfThere,
  syncDirectory,
  unlinkIfThere,
  writeAll,
  type Disk,
} from './disk.ts';
import type { Staging } from './staging.ts';

const EXTENSION = '.json';

/** The record `a/b` is `DIRECTORY/a/b.json`; a directory is there only while it holds a record. */
export function fileRecords(disk: Disk, directory: string, staging: Staging): RecordStore {
  const pathOf = (key: string) => {
    checkRecordKey(key);
    return `${join(directory, key)}${EXTENSION}`;
  };
  const read = async (key: string, path: string) => {
    const bytes = await readIfThere(disk, path);
    return bytes === undefined ? undefined : decodeRecord(key, new TextDecoder().decode(bytes));
  };
  // All writes one after another: a put must not lose the directory that a delete finds empty.
  const serial = createSerial();
  const write = <T>(doing: string, task: () => Promise<T>) =>
    serial.run('write', task).catch((error: unknown) => {
      throw storageFailure(error, doing);
    });

  return {
    async get(key) {
      const path = pathOf(key);
      return read(key, path).catch((error: unknown) => {
        throw storageFailure(error, `read the record ${key}`);
      });
    },

    async put(key, value, { expected } = {}) {
      const path = pathOf(key);
      const { text, revision } = encodeRecord(value);
      return write(`write the record ${key}`, async () => {
        if (expected !== undefined && ((await read(key, path))?.revision ?? ABSENT) !== expected)
          throw recordConflict(key);
        const { path: staged } = await staging.write(async (file) => {
          await writeAll(file, Buffer.from(text));
          await file.sync();
        });
        try {
          await makeDirectory(disk, dirname(path));
          await disk.rename(staged, path);
        } catch (error) {
          // The failure to write is what matters; what cannot be removed now goes at the next start.
          await staging.drop(staged).catch(() => undefined);
          throw error;
        }
        await syncDirectory(disk, dirname(path));
        return revision;
      });
    },

    async delete(key) {
      const path = pathOf(key);
      return write(`delete the record ${key}`, async () => {
        const there = await unlinkIfThere(disk, path);
        if (there) {
          await syncDirectory(disk, dirname(path));
          await pruneEmpty(disk, dirname(path), directory);
        }
        return there;
      });
    },

    async list(prefix) {
      if (prefix !== '') checkRecordKey(prefix);
      try {
        const keys: string[] = [];
        await walk(disk, directory, prefix, keys);
        return keys.toSorted();
      } catch (error) {
        throw storageFailure(error, 'list the records');
      }
    },
  };
}

async function walk(disk: Disk, root: string, prefix: string, keys: string[]): Promise<void> {
  for (const { name, directory } of await entriesIfThere(disk, join(root, prefix))) {
    const below = directory
      ? name
      : name.endsWith(EXTENSION)
        ? name.slice(0, -EXTENSION.length)
        : undefined;
    if (below === undefined) continue;
    const key = prefix === '' ? below : `${prefix}/${below}`;
    if (directory) await walk(disk, root, key, keys);
    else if (isRecordKey(key)) keys.push(key);
  }
}

/** Files that an editor or an operator left beside the records are no records. */
function isRecordKey(key: string): boolean {
  try {
    checkRecordKey(key);
    return true;
  } catch {
    return false;
  }
}

async function entriesIfThere(disk: Disk, path: string) {
  try {
    return await disk.readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Removes the directories that a deletion left empty, up to `root`, which stays. */
async function pruneEmpty(disk: Disk, from: string, root: string): Promise<void> {
  for (let path = from; path !== root; path = dirname(path)) {
    try {
      await disk.rmdir(path);
    } catch (error) {
      const code = systemCode(error);
      // Not empty, or gone: nothing is left to prune. Windows says EPERM for a directory in use.
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM' || isMissing(error)) return;
      throw error;
    }
  }
}
