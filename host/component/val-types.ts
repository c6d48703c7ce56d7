/** Decoding of value types (Binary.md, `defvaltype`). */
import type { Cursor } from './bytes.ts';
import { quote } from './errors.ts';
import type { Case, Field, PrimitiveKind, PrimitiveType, ValType } from './model.ts';
import { isLabel, squash } from './names.ts';
import type { Scope } from './scope.ts';
import { isValType } from './type-graph.ts';

const PRIMITIVES: ReadonlyMap<number, PrimitiveType> = new Map(
  (
    [
      [0x7f, 'bool'],
      [0x7e, 's8'],
      [0x7d, 'u8'],
      [0x7c, 's16'],
      [0x7b, 'u16'],
      [0x7a, 's32'],
      [0x79, 'u32'],
      [0x78, 's64'],
      [0x77, 'u64'],
      [0x76, 'f32'],
      [0x75, 'f64'],
      [0x74, 'char'],
      [0x73, 'string'],
      [0x64, 'error-context'],
    ] as const satisfies readonly (readonly [number, PrimitiveKind])[]
  ).map(([code, kind]) => [code, Object.freeze({ kind })]),
);

/** Reads a `valtype`: a primitive, or the index of a value type. */
export function readValType(cursor: Cursor, scope: Scope): ValType {
  const offset = cursor.pos;
  const primitive = PRIMITIVES.get(cursor.peek());
  if (primitive !== undefined) {
    cursor.pos++;
    return primitive;
  }
  const index = cursor.s33();
  if (index < 0) throw cursor.malformed('unknown value type', offset);
  const type = scope.at('type', index, cursor, offset);
  if (!isValType(type))
    throw cursor.invalid(`type ${index} is a ${type.kind} where a value type is wanted`, offset);
  return type;
}

export function readOptional<T>(cursor: Cursor, read: () => T): T | undefined {
  return cursor.flag('an optional part') ? read() : undefined;
}

/** `resultlist`: one type, or none in the form that once allowed several names. */
export function readResult(cursor: Cursor, scope: Scope): ValType | undefined {
  const code = cursor.byte();
  if (code === 0x00) return readValType(cursor, scope);
  if (code !== 0x01) throw cursor.unexpected(code, 'a result');
  const count = cursor.byte();
  if (count !== 0) throw cursor.unexpected(count, 'the number of results');
  return undefined;
}

/** Reads the value type whose first byte was `code`: a primitive, or one that has parts. */
export function readValueType(code: number, cursor: Cursor, scope: Scope): ValType {
  const primitive = PRIMITIVES.get(code);
  return primitive ?? scope.graph.add(readCompound(code, cursor, scope), cursor.pos - 1);
}

function readCompound(code: number, cursor: Cursor, scope: Scope): ValType {
  const value = (): ValType => readValType(cursor, scope);
  const { limits } = cursor.budget;
  switch (code) {
    case 0x72:
      return {
        kind: 'record',
        fields: readFields(cursor, scope, 'field', atLeastOne(cursor, 'fields', limits.members, 2)),
      };
    case 0x71:
      return { kind: 'variant', cases: readCases(cursor, scope) };
    case 0x70:
      return { kind: 'list', element: value() };
    case 0x67: {
      const element = value();
      const length = cursor.u32();
      if (length === 0) throw cursor.invalid('fixed-size list of no elements', cursor.pos - 1);
      return { kind: 'fixed-list', element, length };
    }
    case 0x63: {
      const offset = cursor.pos;
      const key = value();
      if (!MAP_KEYS.has(key.kind))
        throw cursor.invalid(`a ${key.kind} cannot be the key of a map`, offset);
      return { kind: 'map', key, value: value() };
    }
    case 0x6f: {
      const elements: ValType[] = [];
      const count = atLeastOne(cursor, 'elements of a tuple', limits.members, 1);
      for (let i = 0; i < count; i++) elements.push(value());
      return { kind: 'tuple', elements: Object.freeze(elements) };
    }
    case 0x6e:
      return { kind: 'flags', labels: readLabels(cursor, 'flag', limits.flags) };
    case 0x6d:
      return { kind: 'enum', labels: readLabels(cursor, 'case', limits.members) };
    case 0x6b:
      return { kind: 'option', value: value() };
    case 0x6a:
      return { kind: 'result', ok: readOptional(cursor, value), err: readOptional(cursor, value) };
    case 0x69:
      return { kind: 'own', resource: scope.typeOf('resource', cursor) };
    case 0x68:
      return { kind: 'borrow', resource: scope.typeOf('resource', cursor) };
    case 0x66:
    case 0x65: {
      const offset = cursor.pos;
      const element = readOptional(cursor, value);
      const kind = code === 0x66 ? 'stream' : 'future';
      if (element !== undefined && scope.graph.facts(element).borrow) {
        throw cursor.invalid(`a ${kind} cannot carry a borrow`, offset);
      }
      return { kind, element };
    }
    default:
      throw cursor.unexpected(code, 'a type');
  }
}

/** Explainer.md: keys are what compares exactly. */
const MAP_KEYS: ReadonlySet<string> = new Set([
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'char',
  'string',
]);

function atLeastOne(cursor: Cursor, what: string, limit: number, least: number): number {
  const offset = cursor.pos;
  const count = cursor.count(what, limit, least);
  if (count === 0) throw cursor.invalid(`no ${what}`, offset);
  cursor.budget.spend('allMembers', count, offset);
  return count;
}

class Labels {
  private readonly seen = new Map<string, string>();
  private readonly what: string;

  constructor(what: string) {
    this.what = what;
  }

  read(cursor: Cursor): string {
    const offset = cursor.pos;
    const label = cursor.name(`name of a ${this.what}`);
    if (!isLabel(label))
      throw cursor.error(
        'invalid-name',
        `${quote(label)} is not a name for a ${this.what}`,
        offset,
      );
    const other = this.seen.get(squash(label));
    if (other !== undefined)
      throw cursor.invalid(`${this.what} ${quote(label)} clashes with ${quote(other)}`, offset);
    this.seen.set(squash(label), label);
    return label;
  }
}

/** Reads `count` names with their types: the fields of a record or the parameters of a function. */
export function readFields(
  cursor: Cursor,
  scope: Scope,
  what: string,
  count: number,
): readonly Field[] {
  const fields: Field[] = [];
  const labels = new Labels(what);
  for (let i = 0; i < count; i++)
    fields.push(Object.freeze({ name: labels.read(cursor), type: readValType(cursor, scope) }));
  return Object.freeze(fields);
}

function readCases(cursor: Cursor, scope: Scope): readonly Case[] {
  const cases: Case[] = [];
  const labels = new Labels('case');
  const count = atLeastOne(cursor, 'cases', cursor.budget.limits.members, 3);
  for (let i = 0; i < count; i++) {
    const name = labels.read(cursor);
    const type = readOptional(cursor, () => readValType(cursor, scope));
    const refines = cursor.byte();
    if (refines !== 0) throw cursor.unexpected(refines, 'the end of a case');
    cases.push(Object.freeze({ name, type }));
  }
  return Object.freeze(cases);
}

function readLabels(cursor: Cursor, what: string, limit: number): readonly string[] {
  const labels = new Labels(what);
  const names: string[] = [];
  const count = atLeastOne(cursor, `${what}s`, limit, 1);
  for (let i = 0; i < count; i++) names.push(labels.read(cursor));
  return Object.freeze(names);
}
