import { StoreError } from './errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export interface StoredRecord {
  readonly key: string;
  readonly value: Json;
  /** Digest of the value: equal revisions mean equal values. */
  readonly revision: string;
}

export interface PutOptions {
  /**
   * What must be there now: a revision, or `absent`. Otherwise the put is refused with StoreError
   * `record-conflict` (409). Left out, the put replaces whatever there is.
   */
  readonly expected?: string | undefined;
}

/** Small JSON documents by path-like key, such as `functions/hello/versions/1`. */
export interface RecordStore {
  /** Undefined when there is none; StoreError `record-corrupt` (500) when there is one that cannot be trusted. */
  get(key: string): Promise<StoredRecord | undefined>;
  /** Replaces the record in one step and makes it durable before it returns the new revision. */
  put(key: string, value: Json, options?: PutOptions): Promise<string>;
  /** False when there was none. Deletes a corrupt record too. Durable when it returns. */
  delete(key: string): Promise<boolean>;
  /** The keys under `prefix/`, at any depth, in code unit order; all keys for the empty prefix. Corrupt ones too. */
  list(prefix: string): Promise<string[]>;
}

export function isJsonObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `expected` for a record that must not exist yet. */
export const ABSENT = 'absent';

/** Lower case only, so that no two keys are one file where file names know no case. */
const SEGMENT = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9_-])?$/;
const MAX_SEGMENTS = 8;

/** Throws StoreError `key-invalid` (400) unless every segment is a plain file name. */
export function checkRecordKey(key: string): void {
  const segments = key.split('/');
  if (segments.length <= MAX_SEGMENTS && segments.every((segment) => SEGMENT.test(segment))) return;
  throw new StoreError({
    code: 'key-invalid',
    status: 400,
    message: `${JSON.stringify(key.slice(0, 200))} is not a record key.`,
    fix: `Use 1 to ${MAX_SEGMENTS} segments of lower-case letters, digits, "-", "_" and ".", joined by "/".`,
  });
}
