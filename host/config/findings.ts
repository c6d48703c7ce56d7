import type * as z from 'zod';
import { nearest, quote } from '../base/index.ts';
import { ConfigError, formatPath, type ConfigProblem } from './errors.ts';

/** A problem before its place has been put into words. */
export interface Finding {
  readonly segments: readonly PropertyKey[];
  readonly message: string;
  readonly fix?: string | undefined;
  /** Which of the two a caret goes under. */
  readonly on: 'key' | 'value';
}

/** More than these tell a reader nothing new. */
const MOST = 50;

type Keys = Readonly<Record<string, readonly string[]>>;

/** What zod found, as sentences of ours with a suggestion where there is one. */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  raw: unknown,
  keys: Keys,
): Finding[] {
  return issues.flatMap((issue) => explain(issue, issue.path, raw, keys)).slice(0, MOST);
}

export function toProblems(findings: readonly Finding[]): ConfigProblem[] {
  return findings.map(({ segments, message, fix }) => ({
    path: formatPath(segments),
    message,
    fix,
  }));
}

/** A parser's refusal as a finding at `segments`. What is no refusal is thrown on. */
export function refusal(
  error: unknown,
  segments: readonly PropertyKey[],
  on: 'key' | 'value' = 'value',
): Finding {
  if (!(error instanceof ConfigError)) throw error;
  return { segments, message: error.message, fix: error.fix, on };
}

function explain(
  issue: z.core.$ZodIssue,
  path: readonly PropertyKey[],
  raw: unknown,
  keys: Keys,
): Finding[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, keys));
    case 'invalid_union':
      return branch(issue, path, raw).flatMap((inner) =>
        explain(inner, [...path, ...inner.path], raw, keys),
      );
    case 'invalid_key':
      return issue.issues.map((inner) => ({
        segments: path,
        message: inner.message,
        on: 'key' as const,
      }));
    case 'invalid_type': {
      const actual = at(raw, path);
      if (actual === undefined) return [{ segments: path, message: 'is missing.', on: 'value' }];
      const own = issue.message.startsWith('Invalid input')
        ? `is ${kind(actual)}, not ${wanted(issue.expected)}.`
        : issue.message;
      return [{ segments: path, message: own, on: 'value' }];
    }
    case 'invalid_value': {
      const values = issue.values.map(String);
      const actual = at(raw, path);
      const guess = typeof actual === 'string' ? nearest(actual, values) : undefined;
      return [
        {
          segments: path,
          message: `is ${typeof actual === 'string' ? quote(actual) : kind(actual)}, not ${values.length > 2 ? 'one of ' : ''}${values.map((value) => `"${value}"`).join(values.length > 2 ? ', ' : ' or ')}.`,
          fix: guess === undefined ? undefined : `Did you mean "${guess}"?`,
          on: 'value',
        },
      ];
    }
    case 'custom': {
      const fix: unknown = issue.params?.['fix'];
      return [
        {
          segments: path,
          message: issue.message,
          fix: typeof fix === 'string' ? fix : undefined,
          on: 'value',
        },
      ];
    }
    default:
      return [{ segments: path, message: issue.message, on: 'value' }];
  }
}

/** Of a union of a text (or list) and a table, the issues of the one that the user wrote. */
function branch(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PropertyKey[],
  raw: unknown,
): readonly z.core.$ZodIssue[] {
  const fits = issue.errors.find(
    (errors) => !errors.some((error) => error.code === 'invalid_type' && error.path.length === 0),
  );
  if (fits !== undefined) return fits;
  const expected = issue.errors
    .flat()
    .flatMap((error) => (error.code === 'invalid_type' ? [wanted(error.expected)] : []));
  const message = `is ${kind(at(raw, path))}, not ${[...new Set(expected)].join(' or ')}.`;
  return [{ code: 'custom', message, path: [], input: undefined }];
}

function unknownKey(path: readonly PropertyKey[], key: string, keys: Keys): Finding {
  const here = path
    .map((segment) => (typeof segment === 'number' ? '[]' : String(segment)))
    .join('.');
  const known = keys[here] ?? [];
  const guess = nearest(key, known);
  const elsewhere = Object.entries(keys).find(
    ([place, names]) => place !== here && !place.includes('[]') && names.includes(key),
  )?.[0];
  let fix = `Known here: ${known.join(', ')}.`;
  if (elsewhere !== undefined)
    fix = elsewhere === '' ? 'It belongs one level up.' : `It belongs in ${elsewhere}.`;
  else if (guess !== undefined) fix = `Did you mean ${guess}?`;
  return { segments: [...path, key], message: `unknown key ${quote(key)}.`, fix, on: 'key' };
}

function at(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment))
      return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}

function kind(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

function wanted(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'a text',
    object: 'a table',
    record: 'a table',
    array: 'a list',
    boolean: 'true or false',
    number: 'a number',
    int: 'a whole number',
  };
  return names[expected] ?? expected;
}
