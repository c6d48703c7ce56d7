import { isJsonObject, type Json, type JsonObject } from '../store/index.ts';
import type { FunctionVersion } from './model.ts';

/** All records of the registry are below this key. */
export const ROOT = 'functions';

/**
 * The record that makes a function exist, and the only one that is ever replaced: whatever it does not cover
 * (versions from `next` on) has not happened.
 */
export interface Pointer {
  readonly active: number | null;
  /** The number of the next version. */
  readonly next: number;
  /** Versions active before, the latest last. */
  readonly history: readonly number[];
  readonly updatedAt: string;
}

export function pointerKey(name: string): string {
  return `${ROOT}/${name}/pointer`;
}

export function versionsPrefix(name: string): string {
  return `${ROOT}/${name}/versions`;
}

export function versionKey(name: string, version: number): string {
  return `${versionsPrefix(name)}/${version}`;
}

/** The name and, for a version's record, its number; undefined for a key that is none of the registry's. */
export function parseKey(key: string): { name: string; version: number | undefined } | undefined {
  const [root, name, kind, number, ...rest] = key.split('/');
  if (root !== ROOT || name === undefined || rest.length > 0) return undefined;
  if (kind === 'pointer' && number === undefined) return { name, version: undefined };
  if (kind === 'versions' && number !== undefined && /^[1-9][0-9]{0,14}$/.test(number))
    return { name, version: Number(number) };
  return undefined;
}

export function encodePointer(name: string, pointer: Pointer): JsonObject {
  return {
    format: 1,
    name,
    active: pointer.active,
    next: pointer.next,
    history: pointer.history,
    updatedAt: pointer.updatedAt,
  };
}

export function encodeVersion(version: FunctionVersion): JsonObject {
  return { format: 1, ...version };
}

/** A string says what is wrong with the document. */
export function decodePointer(name: string, document: Json): Pointer | string {
  if (!isJsonObject(document)) return 'it is not an object';
  if (document['format'] !== 1) return 'its format is not 1';
  if (document['name'] !== name) return 'it is of another function';
  const { active, next, history, updatedAt } = document;
  if (!isNumber(next)) return 'its next version is not a version number';
  const earlier = (version: Json | undefined): version is number =>
    isNumber(version) && version < next;
  if (active !== null && !earlier(active)) return 'its active version was never published';
  if (!Array.isArray(history) || !history.every(earlier))
    return 'its history names versions that were never published';
  if (!isTime(updatedAt)) return 'its time is not a time';
  return { active, next, history, updatedAt };
}

/** A string says what is wrong with the document. */
export function decodeVersion(
  name: string,
  number: number,
  document: Json,
): FunctionVersion | string {
  if (!isJsonObject(document)) return 'it is not an object';
  if (document['format'] !== 1) return 'its format is not 1';
  const { version, sha256, size, lane, binder, config, origin, createdAt, warnings } = document;
  if (document['name'] !== name || version !== number) return 'it is of another version';
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    return 'its digest is not a SHA-256';
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return 'its size is not a number of bytes';
  if (typeof lane !== 'string' || typeof binder !== 'string') return 'it has no lane or no binder';
  if (config === undefined || !isJsonObject(config)) return 'its configuration is not an object';
  if (origin !== 'upload' && origin !== 'manifest')
    return 'its origin is neither upload nor manifest';
  if (!isTime(createdAt)) return 'its time is not a time';
  if (!Array.isArray(warnings) || !warnings.every((warning) => typeof warning === 'string'))
    return 'its warnings are not texts';
  return deepFreeze({
    name,
    version: number,
    sha256,
    size,
    lane,
    binder,
    config,
    origin,
    createdAt,
    warnings,
  });
}

/** Whether two documents say the same; the order of an object's members says nothing (RFC 8259, section 4). */
export function sameJson(a: Json, b: Json): boolean {
  return canonical(a) === canonical(b);
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}

function canonical(value: Json): string {
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).toSorted();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join(',')}}`;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isNumber(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function isTime(value: Json | undefined): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
