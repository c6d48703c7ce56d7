import type { WasiInstance } from '../instance.ts';
import { randomBytes, randomU64, type RandomSource } from './random.ts';

/**
 * `wasi:random` 0.3 for one instance. It may give fewer bytes than `max-len`, so that more than `limits.copy` is
 * answered with `limits.copy`.
 */
export function randomP3(instance: WasiInstance, source: RandomSource) {
  const bytes = (length: bigint) => {
    const most = BigInt(instance.limits.copy);
    return randomBytes(instance, source, length < most ? length : most);
  };
  const u64 = () => randomU64(source);
  return {
    'wasi:random/random@0.3': { getRandomBytes: bytes, getRandomU64: u64 },
    'wasi:random/insecure@0.3': { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
    'wasi:random/insecure-seed@0.3': { getInsecureSeed: (): [bigint, bigint] => [u64(), u64()] },
  };
}
