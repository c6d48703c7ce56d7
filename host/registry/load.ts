import { StoreError, type ArtifactEntry, type RecordStore } from '../store/index.ts';
import {
  decodePointer,
  decodeVersion,
  parseKey,
  pointerKey,
  ROOT,
  versionKey,
  versionsPrefix,
  type Pointer,
} from './documents.ts';
import type { FunctionVersion, Problem, RegistryLogger } from './model.ts';
import type { FunctionState } from './state.ts';

/** The names that have any record, whole or not. */
export async function functionNames(records: RecordStore): Promise<string[]> {
  const names = new Set<string>();
  for (const key of await records.list(ROOT)) {
    const parsed = parseKey(key);
    if (parsed !== undefined) names.add(parsed.name);
  }
  return [...names];
}

/**
 * The function as its records have it, or undefined when it has no pointer and so does not exist.
 * Removes records of changes that did not come to their end. Damage becomes part of the state and stays on disk.
 */
export async function loadFunction(
  records: RecordStore,
  name: string,
  logger: RegistryLogger,
): Promise<FunctionState | undefined> {
  const pointer = await readPointer(records, name);
  const numbers = await storedVersions(records, name);
  const next = pointer.missing ? 0 : (pointer.pointer?.next ?? Infinity);
  await dropVersions(
    records,
    name,
    numbers.filter((stored) => stored >= next),
    logger,
  );
  if (pointer.missing) return undefined;

  const versions = new Map<number, FunctionVersion>();
  const damaged = new Map<number, Problem>();
  for (const number of numbers.filter((stored) => stored < next)) {
    const version = await readVersion(records, name, number);
    if ('sha256' in version) versions.set(number, version);
    else damaged.set(number, version);
  }
  return { name, pointer: pointer.pointer, problem: pointer.problem, versions, damaged };
}

export async function storedVersions(records: RecordStore, name: string): Promise<number[]> {
  const numbers = (await records.list(versionsPrefix(name))).map((key) => parseKey(key)?.version);
  return numbers.filter((number) => number !== undefined).toSorted((a, b) => a - b);
}

/** Removes records that do not count. What cannot be removed now still does not count, and is tried again at the next start. */
export async function dropVersions(
  records: RecordStore,
  name: string,
  numbers: readonly number[],
  logger: RegistryLogger,
): Promise<void> {
  for (const number of numbers) {
    try {
      await records.delete(versionKey(name, number));
    } catch (error) {
      logger.warn(
        { function: name, version: number, err: error },
        'a version record that does not count could not be removed',
      );
    }
  }
}

/** What is wrong with the artifacts that the versions need, by digest; their digests are checked when they are read. */
export function artifactDamage(
  states: Iterable<FunctionState>,
  entries: readonly ArtifactEntry[],
): Map<string, Problem> {
  const sizes = new Map(entries.map(({ sha256, size }) => [sha256, size]));
  const bad = new Map<string, Problem>();
  for (const state of states) {
    for (const { sha256, size } of state.versions.values()) {
      const found = sizes.get(sha256);
      if (found === undefined) bad.set(sha256, artifactProblem(sha256, 'is missing'));
      else if (found !== size)
        bad.set(sha256, artifactProblem(sha256, `has ${found} bytes instead of ${size}`));
    }
  }
  return bad;
}

export function artifactProblem(sha256: string, what: string): Problem {
  return {
    code: 'artifact-damaged',
    message: `The artifact ${sha256} ${what}.`,
    fix: 'Deploy the same module again, which mends it, or activate another version.',
  };
}

async function readPointer(
  records: RecordStore,
  name: string,
): Promise<{ missing: boolean; pointer?: Pointer; problem?: Problem }> {
  const key = pointerKey(name);
  try {
    const record = await records.get(key);
    if (record === undefined) return { missing: true };
    const pointer = decodePointer(name, record.value);
    return typeof pointer === 'string'
      ? { missing: false, problem: recordProblem(key, pointer) }
      : { missing: false, pointer };
  } catch (error) {
    return { missing: false, problem: storeProblem(error) };
  }
}

async function readVersion(
  records: RecordStore,
  name: string,
  number: number,
): Promise<FunctionVersion | Problem> {
  const key = versionKey(name, number);
  try {
    const record = await records.get(key);
    if (record === undefined) return recordProblem(key, 'it is gone');
    const version = decodeVersion(name, number, record.value);
    return typeof version === 'string' ? recordProblem(key, version) : version;
  } catch (error) {
    return storeProblem(error);
  }
}

function recordProblem(key: string, why: string): Problem {
  return {
    code: 'record-damaged',
    message: `The record ${key} is damaged: ${why}.`,
    fix: 'Restore the data directory from a backup, deploy the function again, or remove it.',
  };
}

/** One record that cannot be read is a problem of its function; any other error is one of this program. */
function storeProblem(error: unknown): Problem {
  if (!(error instanceof StoreError)) throw error;
  return {
    code: error.code,
    message: error.message,
    fix: error.fix ?? 'Deploy the function again.',
  };
}
