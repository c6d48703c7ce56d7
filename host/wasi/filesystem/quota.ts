import { errnoOf, failure } from './errno.ts';
import {
  closeNow,
  entryName,
  entryPath,
  type Lookups,
  lstat,
  OPEN_DIRECTORY,
  opendir,
} from './syscalls.ts';
import { textOf } from './path.ts';
import { MAX_DEPTH } from './walk.ts';

/** What a writable preopen may hold. */
export interface QuotaLimits {
  /** Bytes of regular files (their size, holes included) and of symlinks' targets. */
  readonly bytes: number;
  /** Entries of every kind, directories too. */
  readonly files: number;
}

/**
 * What a directory holds against what it may hold: a total, like a disk quota, rather than what was
 * written since some start, so that restarts and new versions do not add up to a full disk.
 * What was there when it was opened counts; removing gives back.
 */
export class Quota {
  readonly limits: QuotaLimits;
  #bytes: number;
  #files: number;

  constructor(limits: QuotaLimits, used: QuotaLimits = { bytes: 0, files: 0 }) {
    this.limits = limits;
    this.#bytes = used.bytes;
    this.#files = used.files;
  }

  get used(): QuotaLimits {
    return { bytes: this.#bytes, files: this.#files };
  }

  /** Throws `quota`, and takes nothing, when either would go over. */
  take(bytes: number, files: number): void {
    const over =
      (bytes > 0 && this.#bytes + bytes > this.limits.bytes) ||
      (files > 0 && this.#files + files > this.limits.files);
    if (over) throw failure('quota');
    this.#bytes += bytes;
    this.#files += files;
  }

  /** Never below zero: others may have removed what was counted here. */
  give(bytes: number, files: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
    this.#files = Math.max(0, this.#files - files);
  }

  /** Takes for as long as `work` succeeds. */
  async taking<T>(bytes: number, files: number, work: () => Promise<T>): Promise<T> {
    this.take(bytes, files);
    try {
      return await work();
    } catch (thrown) {
      this.give(bytes, files);
      throw thrown;
    }
  }
}

/**
 * Counts what the directory open as `fd` holds, and stops as soon as that is over `limits`: no more
 * entries are looked at than may exist. What lies deeper than paths reach, or may not be read, is not counted.
 */
export async function measure(
  lookups: Lookups,
  fd: number,
  limits: QuotaLimits,
): Promise<QuotaLimits> {
  const used = { bytes: 0, files: 0 };
  const linked = new Set<string>();
  const full = () => used.bytes > limits.bytes || used.files > limits.files;

  const count = async (directory: number, depth: number): Promise<void> => {
    const entries = await opendir(directory);
    try {
      for (
        let entry = await entries.read();
        entry !== null && !full();
        entry = await entries.read()
      ) {
        const name = entryName(entry);
        used.files += 1;
        await unlessGone(() => countEntry(directory, name, depth));
      }
    } finally {
      await entries.close();
    }
  };
  const countEntry = async (directory: number, name: Buffer, depth: number): Promise<void> => {
    const stat = await lstat(Buffer.concat([Buffer.from(entryPath(directory, '')), name]));
    if (stat.isFile() || stat.isSymbolicLink()) {
      const key = `${stat.dev}:${stat.ino}`;
      if (linked.has(key)) return;
      if (stat.nlink > 1n) linked.add(key);
      used.bytes += Number(stat.size);
    }
    const text = textOf(name);
    if (!stat.isDirectory() || text === undefined || depth >= MAX_DEPTH) return;
    const child = await lookups.open(entryPath(directory, text), OPEN_DIRECTORY);
    try {
      await count(child, depth + 1);
    } finally {
      closeNow(child);
    }
  };
  await count(fd, 0);
  return used;
}

/** Directories come and go while they are counted, and some are not ours to read. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno !== 'ENOENT' && errno !== 'EACCES' && errno !== 'ENOTDIR' && errno !== 'ELOOP')
      throw thrown;
  }
}
