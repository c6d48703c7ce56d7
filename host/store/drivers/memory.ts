import { createHash } from 'node:crypto';
import { decodeRecord, encodeRecord } from '../envelope.ts';
import {
  artifactCorrupt,
  artifactUnknown,
  checkDigest,
  recordConflict,
  stagedGone,
} from '../failures.ts';
import { takeIn } from '../intake.ts';
import { ABSENT, checkRecordKey, type RecordStore } from '../records.ts';
import type { ArtifactStore, StagedArtifact } from '../artifacts.ts';
import type { BlobCache, CacheReporter } from '../cache.ts';
import type { Store } from '../store.ts';

export interface MemoryStoreOptions {
  /** Most bytes that the cache keeps. Default 64 MiB. */
  readonly cacheBytes?: number | undefined;
  readonly report?: CacheReporter | undefined;
}

/** Keeps everything in this process: for tests, and for serving one file without a data directory. */
export function createMemoryStore({
  cacheBytes = 64 * 2 ** 20,
  report,
}: MemoryStoreOptions = {}): Store {
  return {
    artifacts: memoryArtifacts(),
    records: memoryRecords(),
    cache: memoryCache(cacheBytes, report),
    close: async () => undefined,
  };
}

function memoryArtifacts(): ArtifactStore {
  const kept = new Map<string, Uint8Array>();
  return {
    async stage(source, options) {
      const chunks: Uint8Array[] = [];
      // Copied: the source may use its buffer again.
      const { sha256, size } = await takeIn(
        source,
        options,
        (chunk) => void chunks.push(new Uint8Array(chunk)),
      );
      return stagedInMemory(sha256, size, Buffer.concat(chunks), kept);
    },
    async read(sha256) {
      checkDigest(sha256);
      const bytes = kept.get(sha256);
      if (bytes === undefined) throw artifactUnknown(sha256);
      const found = createHash('sha256').update(bytes).digest('hex');
      if (found !== sha256) {
        kept.delete(sha256);
        throw artifactCorrupt(sha256, found);
      }
      return new Uint8Array(bytes);
    },
    async has(sha256) {
      checkDigest(sha256);
      return kept.has(sha256);
    },
    async delete(sha256) {
      checkDigest(sha256);
      return kept.delete(sha256);
    },
    async list() {
      return [...kept]
        .map(([sha256, bytes]) => ({ sha256, size: bytes.byteLength }))
        .toSorted(byDigest);
    },
  };
}

function stagedInMemory(
  sha256: string,
  size: number,
  bytes: Uint8Array,
  kept: Map<string, Uint8Array>,
): StagedArtifact {
  let state: 'staged' | 'committed' | 'discarded' = 'staged';
  const check = () => {
    if (state === 'discarded') throw stagedGone(sha256);
  };
  return {
    sha256,
    size,
    async read() {
      check();
      return new Uint8Array(bytes);
    },
    async commit() {
      check();
      if (state === 'committed') return;
      state = 'committed';
      kept.set(sha256, bytes);
    },
    async discard() {
      if (state === 'staged') state = 'discarded';
    },
  };
}

function memoryRecords(): RecordStore {
  // As text, so that nobody shares an object with the store and every driver refuses the same values.
  const kept = new Map<string, string>();
  const read = (key: string) => {
    const text = kept.get(key);
    return text === undefined ? undefined : decodeRecord(key, text);
  };
  return {
    async get(key) {
      checkRecordKey(key);
      return read(key);
    },
    async put(key, value, { expected } = {}) {
      checkRecordKey(key);
      if (expected !== undefined && (read(key)?.revision ?? ABSENT) !== expected)
        throw recordConflict(key);
      const { text, revision } = encodeRecord(value);
      kept.set(key, text);
      return revision;
    },
    async delete(key) {
      checkRecordKey(key);
      return kept.delete(key);
    },
    async list(prefix) {
      if (prefix !== '') checkRecordKey(prefix);
      return [...kept.keys()]
        .filter((key) => prefix === '' || key.startsWith(`${prefix}/`))
        .toSorted();
    },
  };
}

function memoryCache(maxBytes: number, report: CacheReporter | undefined): BlobCache {
  // A Map keeps the order of insertion: the first is the least recently used.
  const kept = new Map<string, Uint8Array>();
  let total = 0;
  const forget = (key: string) => {
    total -= kept.get(key)?.byteLength ?? 0;
    kept.delete(key);
  };
  return {
    async get(key) {
      const bytes = kept.get(key);
      if (bytes === undefined) return undefined;
      kept.delete(key);
      kept.set(key, bytes);
      return new Uint8Array(bytes);
    },
    async put(key, bytes) {
      if (bytes.byteLength > maxBytes) {
        report?.({ reason: 'too-large', key });
        return false;
      }
      forget(key);
      kept.set(key, new Uint8Array(bytes));
      total += bytes.byteLength;
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) break;
        forget(oldest);
      }
      return true;
    },
  };
}

function byDigest(a: { sha256: string }, b: { sha256: string }): number {
  return a.sha256 < b.sha256 ? -1 : 1;
}
