import type { WasiInstance } from '../instance.ts';
import { randomBytes, randomU64, type RandomSource } from './random.ts';

/** `wasi:random` 0.2 for one instance. The interfaces called insecure get secure bytes too: they cost no more. */
export function randomP2(instance: WasiInstance, source: RandomSource) {
  const bytes = (length: bigint) => randomBytes(instance, source, length);
  const u64 = () => randomU64(source);
  return {
    'wasi:random/random': { getRandomBytes: bytes, getRandomU64: u64 },
    'wasi:random/insecure': { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    'wasi:random/insecure-seed': { insecureSeed: (): [bigint, bigint] => [u64(), u64()] },
  };
}

/** Nothing in `wasi:random` suspends the guest. */
export const randomP2Blocking: readonly string[] = [];
