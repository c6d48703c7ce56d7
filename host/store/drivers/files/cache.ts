import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, unlinkIfThere, writeAll, type Disk } from './disk.ts';
import type { Clock } from '../../../base/index.ts';
import type { BlobCache, CacheReporter } from '../../cache.ts';
import type { Staging } from './staging.ts';

export interface FileCacheOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly staging: Staging;
  /** Most bytes of all entries together. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly report: CacheReporter;
}

/** Before the bytes of each entry: what made it, the digest of its key, the digest of its bytes. */
const MAGIC = Buffer.from('selvedge-cache-1');
const DIGEST_BYTES = 32;
const HEADER_BYTES = MAGIC.byteLength + 2 * DIGEST_BYTES;

/**
 * Each entry is `DIRECTORY/DIGEST_OF_KEY`. Nothing is synced: the checksum shows what a loss of power tore.
 * The order of use outlives a restart in the files' modification times.
 */
export async function openFileCache(options: FileCacheOptions): Promise<BlobCache> {
  const { disk, directory, staging, maxBytes, clock, report } = options;
  // A Map keeps the order of insertion: the first is the least recently used.
  const sizes = await scan(disk, directory).catch((cause: unknown) => {
    report({ reason: 'unreadable', key: '*', cause });
    return new Map<string, number>();
  });
  let total = 0;
  for (const size of sizes.values()) total += size;

  const remember = (name: string, size: number) => {
    total += size - (sizes.get(name) ?? 0);
    sizes.delete(name);
    sizes.set(name, size);
  };
  const forget = async (name: string) => {
    total -= sizes.get(name) ?? 0;
    sizes.delete(name);
    await unlinkIfThere(disk, join(directory, name));
  };
  const evict = async () => {
    for (const oldest of sizes.keys()) {
      if (total <= maxBytes) return;
      await forget(oldest);
    }
  };

  return {
    async get(key) {
      const name = nameOf(key);
      const path = join(directory, name);
      try {
        const file = await readIfThere(disk, path);
        if (file === undefined) return undefined;
        const bytes = open(key, file);
        if (bytes === undefined) {
          report({ reason: 'corrupt', key });
          await forget(name);
          return undefined;
        }
        remember(name, file.byteLength);
        await disk.touch(path, Number(clock.wall() / 1_000_000n));
        return bytes;
      } catch (cause) {
        report({ reason: 'unreadable', key, cause });
        return undefined;
      }
    },

    async put(key, bytes) {
      const size = HEADER_BYTES + bytes.byteLength;
      if (size > maxBytes) {
        report({ reason: 'too-large', key });
        return false;
      }
      const name = nameOf(key);
      try {
        const { path: staged } = await staging.write(async (file) => {
          await writeAll(file, seal(key, bytes));
          await writeAll(file, bytes);
        });
        try {
          await disk.rename(staged, join(directory, name));
        } catch (error) {
          // Why it was not kept is what is reported; what cannot be removed now goes at the next start.
          await staging.drop(staged).catch(() => undefined);
          throw error;
        }
        remember(name, size);
        await evict();
        return true;
      } catch (cause) {
        report({ reason: 'unwritable', key, cause });
        return false;
      }
    },
  };
}

async function scan(disk: Disk, directory: string): Promise<Map<string, number>> {
  const found: { name: string; size: number; mtimeMs: number }[] = [];
  for (const { name } of await disk.readdir(directory))
    found.push({ name, ...(await sizeAndTime(disk, join(directory, name))) });
  found.sort((a, b) => a.mtimeMs - b.mtimeMs);
  return new Map(found.map(({ name, size }) => [name, size]));
}

async function sizeAndTime(disk: Disk, path: string): Promise<{ size: number; mtimeMs: number }> {
  const { size, mtimeMs } = await disk.stat(path);
  return { size, mtimeMs };
}

function seal(key: string, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([MAGIC, sha256(key), sha256(bytes)]);
}

/** The entry's bytes, or undefined when they are not what was put under this key. */
function open(key: string, file: Uint8Array): Uint8Array | undefined {
  if (file.byteLength < HEADER_BYTES) return undefined;
  const bytes = file.subarray(HEADER_BYTES);
  return seal(key, bytes).every((byte, at) => file[at] === byte) ? bytes : undefined;
}

function nameOf(key: string): string {
  return sha256(key).toString('hex');
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}
