import type { BigIntStats } from 'node:fs';
import { PathEscape } from './path.ts';
import { deferredLookups, fileSystemType, immediateLookups, type Lookups } from './syscalls.ts';

/**
 * File systems through which the kernel itself is read and steered (statfs(2), linux/magic.h). Their files
 * are "regular" and show or change other processes and the host; no grant reaches them.
 */
const KERNEL: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x1cd1, // devpts
  0xcafe4a11, // bpf
  0x62656570, // configfs
  0xde5e81e4, // efivarfs
  0xf97cff8c, // selinuxfs
  0x43415d53, // smackfs
  0x6e736673, // nsfs
  0x50495045, // pipefs
  0x534f434b, // sockfs
  0x09041934, // anonymous inodes
  0x42494e4d, // binfmt_misc
  0x6165676c, // pstore
  0x19800202, // mqueue
]);

/** File systems whose look-ups are answered by this machine alone, mostly from memory. */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0xca451a4e, // bcachefs
  0x73717368, // squashfs
  0xe0f5e1e2, // erofs
]);

export function isKernelFileSystem(type: number): boolean {
  return KERNEL.has(type >>> 0);
}

export function lookupsFor(type: number): Lookups {
  return LOCAL.has(type >>> 0) ? immediateLookups : deferredLookups;
}

/** An object, whatever it is called. */
export type ObjectId = Pick<BigIntStats, 'dev' | 'ino'>;

/**
 * Decides what below a preopen belongs to it: not the directories that are the host's own, and of the file
 * systems mounted there not the kernel's. Each file system is asked for its kind once.
 */
export class Mounts {
  readonly #admitted: Set<bigint>;
  readonly #withheld: readonly ObjectId[];

  constructor(home: bigint, withheld: readonly ObjectId[]) {
    this.#admitted = new Set([home]);
    this.#withheld = withheld;
  }

  /** Throws `PathEscape` for a withheld directory that a path leads through, open as `fd`. */
  async enter(lookups: Lookups, fd: number): Promise<void> {
    if (this.#withheld.length > 0) this.#refuseWithheld(await lookups.fstat(fd));
  }

  #refuseWithheld(stat: BigIntStats): void {
    if (this.#withheld.some(({ dev, ino }) => dev === stat.dev && ino === stat.ino))
      throw new PathEscape();
  }

  /** Throws `PathEscape` for a withheld directory, and for an object of a kernel file system, by its descriptor. */
  async admit(stat: BigIntStats, fd: number): Promise<void> {
    this.#refuseWithheld(stat);
    if (this.#admitted.has(stat.dev)) return;
    if (isKernelFileSystem(await fileSystemType(fd))) throw new PathEscape();
    this.#admitted.add(stat.dev);
  }
}
