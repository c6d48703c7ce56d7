import type {
  Descriptor,
  DescriptorStat,
  DescriptorType,
  NewTimestamp,
} from '../filesystem/index.ts';
import { fail } from './errno.ts';
import type { State } from './state.ts';

/** `filetype` of preview1; a pipe has none there. */
export const FILETYPE: Readonly<Record<DescriptorType, number>> = {
  unknown: 0,
  'block-device': 1,
  'character-device': 2,
  directory: 3,
  'regular-file': 4,
  fifo: 0,
  socket: 6,
  'symbolic-link': 7,
};

const FILESTAT_BYTES = 64;
const NANOSECONDS = 1_000_000_000n;

/** `fstflags` of preview1. */
const FSTFLAGS = { atim: 1, atimNow: 2, mtim: 4, mtimNow: 8 } as const;
const LOOKUP_SYMLINK_FOLLOW = 1;

/** Checks that a `filestat` can be written at `pointer`. */
export function reserveFilestat({ memory }: State, pointer: number): void {
  memory.reserve(pointer, FILESTAT_BYTES, 8);
}

export function writeFilestat(
  { memory }: State,
  pointer: number,
  stat: Omit<DescriptorStat, 'type'>,
  filetype: number,
  inode: bigint,
): void {
  const view = memory.structure(pointer, FILESTAT_BYTES, 8);
  // Which device is not the guest's to know; all it can reach counts as one.
  view.setBigUint64(pointer, 1n, true);
  view.setBigUint64(pointer + 8, inode, true);
  view.setBigUint64(pointer + 16, 0n, true);
  view.setUint8(pointer + 16, filetype);
  view.setBigUint64(pointer + 24, stat.linkCount, true);
  view.setBigUint64(pointer + 32, stat.size, true);
  view.setBigUint64(pointer + 40, nanoseconds(stat.dataAccessTimestamp), true);
  view.setBigUint64(pointer + 48, nanoseconds(stat.dataModificationTimestamp), true);
  view.setBigUint64(pointer + 56, nanoseconds(stat.statusChangeTimestamp), true);
}

/** As the inode number stands the part of the metadata hash that says which object it is. */
export async function inodeOf(descriptor: Descriptor): Promise<bigint> {
  return (await descriptor.metadataHash()).lower;
}

/** Times before 1970, which preview1 cannot hold, are 0. */
function nanoseconds(
  time: { readonly seconds: bigint; readonly nanoseconds: number } | undefined,
): bigint {
  return time === undefined ? 0n : time.seconds * NANOSECONDS + BigInt(time.nanoseconds);
}

/** New access and modification times. Fails with `inval` for a time that is to be both given and now. */
export function newTimes(
  access: bigint,
  modification: bigint,
  flags: number,
): [NewTimestamp, NewTimestamp] {
  if (flags > 15) fail('inval');
  return [
    newTime(access, (flags & FSTFLAGS.atim) !== 0, (flags & FSTFLAGS.atimNow) !== 0),
    newTime(modification, (flags & FSTFLAGS.mtim) !== 0, (flags & FSTFLAGS.mtimNow) !== 0),
  ];
}

function newTime(time: bigint, given: boolean, now: boolean): NewTimestamp {
  if (given && now) fail('inval');
  if (now) return { tag: 'now' };
  if (!given) return { tag: 'no-change' };
  return {
    tag: 'timestamp',
    val: { seconds: time / NANOSECONDS, nanoseconds: Number(time % NANOSECONDS) },
  };
}

/** `lookupflags` of preview1. */
export function pathFlags(flags: number): { symlinkFollow: boolean } {
  if (flags > 1) fail('inval');
  return { symlinkFollow: (flags & LOOKUP_SYMLINK_FOLLOW) !== 0 };
}
