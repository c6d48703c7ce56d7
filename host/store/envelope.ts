import { createHash } from 'node:crypto';
import { recordCorrupt } from './failures.ts';
import { isJsonObject, type Json, type StoredRecord } from './records.ts';

/**
 * A record as text: its value, and the digest of the value, which is its revision and shows damage.
 * `JSON.stringify` gives the same text again for what `JSON.parse` made of it, so the digest holds for the value.
 */
export function encodeRecord(value: Json): { text: string; revision: string } {
  const body = JSON.stringify(value);
  const revision = digest(body);
  return { text: `{"revision":"${revision}","value":${body}}\n`, revision };
}

/** Throws StoreError `record-corrupt` for text that `encodeRecord` did not write. */
export function decodeRecord(key: string, text: string): StoredRecord {
  let document: Json;
  try {
    document = JSON.parse(text);
  } catch {
    // V8's message quotes the text, which may hold environment values of a function's configuration.
    throw recordCorrupt(key, 'it is not JSON');
  }
  if (!isJsonObject(document)) throw recordCorrupt(key, 'it is not a record');
  const { revision, value } = document;
  if (typeof revision !== 'string' || value === undefined)
    throw recordCorrupt(key, 'it is not a record');
  if (revision !== digest(JSON.stringify(value)))
    throw recordCorrupt(key, 'its digest does not match');
  return { key, value, revision };
}

function digest(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
