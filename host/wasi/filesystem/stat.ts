import { createHmac } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type Datetime, datetime } from './times.ts';

/** `wasi:filesystem/types.descriptor-type`. */
export type DescriptorType =
  | 'unknown'
  | 'block-device'
  | 'character-device'
  | 'directory'
  | 'fifo'
  | 'symbolic-link'
  | 'regular-file'
  | 'socket';

/** `wasi:filesystem/types.descriptor-stat`. */
export interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime | undefined;
  readonly dataModificationTimestamp: Datetime | undefined;
  readonly statusChangeTimestamp: Datetime | undefined;
}

/** `wasi:filesystem/types.metadata-hash-value`. */
export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

const types: ReadonlyMap<number, DescriptorType> = new Map([
  [constants.S_IFBLK, 'block-device'],
  [constants.S_IFCHR, 'character-device'],
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFIFO, 'fifo'],
  [constants.S_IFLNK, 'symbolic-link'],
  [constants.S_IFREG, 'regular-file'],
  [constants.S_IFSOCK, 'socket'],
]);

export function typeOf(stat: BigIntStats): DescriptorType {
  return types.get(Number(stat.mode) & constants.S_IFMT) ?? 'unknown';
}

export function descriptorStat(stat: BigIntStats): DescriptorStat {
  return {
    type: typeOf(stat),
    linkCount: stat.nlink,
    size: stat.size,
    dataAccessTimestamp: datetime(stat.atimeNs),
    dataModificationTimestamp: datetime(stat.mtimeNs),
    statusChangeTimestamp: datetime(stat.ctimeNs),
  };
}

/**
 * The lower half says which object it is and stays while that is changed, because C libraries use it as
 * the inode number; the upper half changes with size, modification and status-change time. Keyed: equal
 * for every holder of `key`, and meaningless to others.
 */
export function metadataHash(key: Uint8Array, stat: BigIntStats): MetadataHash {
  const hash = (...fields: readonly bigint[]) => {
    const words = BigUint64Array.from(fields, (field) => BigInt.asUintN(64, field));
    return createHmac('sha256', key).update(words).digest().readBigUInt64LE();
  };
  return {
    lower: hash(stat.dev, stat.ino),
    upper: hash(stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs),
  };
}
