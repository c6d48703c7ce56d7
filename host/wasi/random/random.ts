import { overLimit } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';

/** Where random bytes come from. Must be a cryptographically secure source, fresh for every call. */
export interface RandomSource {
  /** Fills all of `bytes`, whatever its length, without waiting. */
  fill(bytes: Uint8Array): void;
}

/** Traps over `limits.copy`: the guest chooses `length`, the host allocates it. */
export function randomBytes(
  instance: WasiInstance,
  source: RandomSource,
  length: bigint,
): Uint8Array {
  const { copy } = instance.limits;
  if (length > BigInt(copy)) throw overLimit('copy', copy, 'random bytes at once');
  const bytes = new Uint8Array(Number(length));
  source.fill(bytes);
  return bytes;
}

export function randomU64(source: RandomSource): bigint {
  const words = new BigUint64Array(1);
  source.fill(new Uint8Array(words.buffer));
  return words[0] as bigint;
}
