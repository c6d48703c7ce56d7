import { deserialize, serialize } from 'node:v8';
import type { Transpiled } from './transpile-protocol.ts';

/** What is kept of a transpiled component between starts. The cache that keeps it guards its integrity. */
export function pack(transpiled: Transpiled): Uint8Array {
  return serialize(transpiled);
}

/** `undefined` when the bytes are not what `pack` gives: then it is made again. */
export function unpack(bytes: Uint8Array): Transpiled | undefined {
  let value: unknown;
  try {
    value = deserialize(bytes);
  } catch {
    return undefined;
  }
  return isTranspiled(value) ? value : undefined;
}

function isTranspiled(value: unknown): value is Transpiled {
  if (typeof value !== 'object' || value === null) return false;
  const { source, modules } = value as Partial<Transpiled>;
  return (
    typeof source === 'string' &&
    Array.isArray(modules) &&
    modules.every(
      (entry) =>
        Array.isArray(entry) && typeof entry[0] === 'string' && entry[1] instanceof Uint8Array,
    )
  );
}
