import type { BigIntStats } from 'node:fs';
import { failure } from './errno.ts';
import type { Quota } from './quota.ts';
import { closeLater, fstat, ftruncate, pwrite } from './syscalls.ts';

/**
 * One regular file while anybody has it open: what is charged for it, and the order of its changes.
 * Changes run one after the other, so that what is charged is what is there.
 */
export class Inode {
  readonly key: string;
  /** Advances with every change, for those who hold bytes that were read earlier. */
  generation = 0;
  /** Descriptors that are open. */
  opens = 0;
  /** It has no name any more; its bytes are given back when the last descriptor is closed. */
  orphan = false;
  readonly #quota: Quota;
  #size: number;
  #changed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(key: string, size: number, quota: Quota) {
    this.key = key;
    this.#size = size;
    this.#quota = quota;
  }

  /** Writes all of `bytes` at `position`, or at the end. Throws `quota`, `file-too-large`, or what the system reports. */
  write(fd: number, bytes: Uint8Array, position: number | 'end'): Promise<void> {
    return this.exclusive(async () => {
      const end = (position === 'end' ? this.#size : position) + bytes.length;
      if (end > Number.MAX_SAFE_INTEGER) throw failure('file-too-large');
      this.#charge(Math.max(end, this.#size));
      await this.#changing(fd, async () => {
        for (let at = 0; at < bytes.length;) {
          const rest = at === 0 ? bytes : bytes.subarray(at);
          at += await pwrite(fd, rest, position === 'end' ? null : position + at);
        }
      });
    });
  }

  /** Sets the size, growing with zeros. */
  resize(fd: number, size: number): Promise<void> {
    return this.exclusive(async () => {
      if (size > this.#size) this.#charge(size);
      await this.#changing(fd, () => ftruncate(fd, size));
      if (size < this.#size) this.#charge(size);
    });
  }

  /** Runs `work` after every change that was asked for before it. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    // The next change waits for this one, whether it succeeds or not; whoever asked hears of its failure.
    this.#last = run.catch(() => {});
    return run;
  }

  /** Gives back what was charged beyond what the file really has. */
  settle(stat: BigIntStats): void {
    this.#charge(Math.min(Number(stat.size), this.#size));
  }

  /** Gives back everything: nothing names the file and nobody has it open. */
  forget(): void {
    this.#charge(0);
  }

  /** Whether anybody here changed it since it was opened. */
  get changed(): boolean {
    return this.#changed;
  }

  async #changing(fd: number, change: () => Promise<void>): Promise<void> {
    this.#changed = true;
    this.generation += 1;
    try {
      await change();
    } catch (thrown) {
      this.settle(await fstat(fd));
      throw thrown;
    } finally {
      this.generation += 1;
    }
  }

  #charge(size: number): void {
    if (size > this.#size) this.#quota.take(size - this.#size, 0);
    else this.#quota.give(this.#size - size, 0);
    this.#size = size;
  }
}

/** The regular files of one preopen that are open, by identity. */
export class Inodes {
  readonly #quota: Quota;
  readonly #open = new Map<string, Inode>();

  constructor(quota: Quota) {
    this.#quota = quota;
  }

  /** Files open now, for tests and leak reports. */
  get count(): number {
    return this.#open.size;
  }

  opened(stat: BigIntStats): Inode {
    const key = keyOf(stat);
    const inode = this.#open.get(key) ?? new Inode(key, Number(stat.size), this.#quota);
    this.#open.set(key, inode);
    inode.opens += 1;
    return inode;
  }

  /**
   * Ends one use of `inode`, closing its descriptor if it came to have one. With the last one, what is
   * charged is settled; when the system does not tell the size, what was charged stays charged.
   */
  close(inode: Inode, fd: number | undefined): void {
    inode.opens -= 1;
    const last = inode.opens === 0;
    if (last) this.#open.delete(inode.key);
    if (last && inode.orphan) inode.forget();
    if (fd === undefined) return;
    if (!last || inode.orphan || !inode.changed) return closeLater(fd);
    fstat(fd)
      .then(
        (stat) => inode.settle(stat),
        () => {},
      )
      .finally(() => closeLater(fd));
  }

  /** Whether the object is open here. */
  has(stat: BigIntStats): boolean {
    return this.#open.has(keyOf(stat));
  }

  /** An entry was removed or replaced; `stat` is what its object says now. Gives back what nobody can reach. */
  removed(stat: BigIntStats): void {
    this.#quota.give(0, 1);
    if (stat.nlink > 0n || stat.isDirectory()) return;
    const inode = this.#open.get(keyOf(stat));
    if (inode !== undefined) inode.orphan = true;
    else if (stat.isFile() || stat.isSymbolicLink()) this.#quota.give(Number(stat.size), 0);
  }
}

function keyOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}
