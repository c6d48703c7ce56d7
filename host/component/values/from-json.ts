import type { Field, ValType } from '../model.ts';
import {
  INTEGERS,
  isBare,
  isBytes,
  isIntegerKind,
  isWrappedInJson,
  lowerCamel,
  UNFINITE,
  type IntegerKind,
} from './conventions.ts';
import { member, shown, ValueError } from './errors.ts';
import type { Handles } from './handles.ts';
import { resourceText, typeText, type TypeNames } from './type-text.ts';

export interface FromJson {
  readonly names: TypeNames;
  readonly handles: Handles;
}

/**
 * A value as the binders take it, of what `parseJson` gave. Recursion is bounded by the depth of the type, which
 * the reader of components bounds.
 *
 * Throws `ValueError`.
 */
export function fromJson(type: ValType, json: unknown, context: FromJson, path = '$'): unknown {
  const wrong = (problem: string): ValueError =>
    new ValueError(path, typeText(type, context.names), problem);
  const expected = (what: string): ValueError => wrong(`expected ${what}, got ${shown(json)}`);
  const sub = (part: ValType, value: unknown, at: string): unknown =>
    fromJson(part, value, context, at);

  if (isIntegerKind(type.kind)) return integer(type.kind, json, wrong);
  switch (type.kind) {
    case 'bool':
      if (typeof json !== 'boolean') throw expected('true or false');
      return json;
    case 'f32':
    case 'f64':
      return float(type.kind, json, wrong);
    case 'char':
      if (typeof json !== 'string' || json.length !== lengthOfFirst(json))
        throw expected('one character');
      if (!json.isWellFormed())
        throw wrong('it is half of a surrogate pair, which is no character');
      return json;
    case 'string':
      if (typeof json !== 'string') throw expected('a string');
      if (!json.isWellFormed())
        throw wrong('it has half of a surrogate pair, which is no character');
      return json;
    case 'list':
      if (isBytes(type)) return bytes(json, wrong);
      if (!Array.isArray(json)) throw expected('an array');
      return json.map((each, index) => sub(type.element, each, `${path}[${index}]`));
    case 'fixed-list':
      if (!Array.isArray(json) || json.length !== type.length)
        throw expected(`an array of ${type.length}`);
      return json.map((each, index) => sub(type.element, each, `${path}[${index}]`));
    case 'tuple':
      if (!Array.isArray(json) || json.length !== type.elements.length)
        throw wrong(`expected an array of ${type.elements.length}, got ${lengthOf(json)}`);
      return type.elements.map((each, index) => sub(each, json[index], `${path}[${index}]`));
    case 'record': {
      const values = membersFromJson(
        type.fields,
        json,
        context,
        path,
        typeText(type, context.names),
      );
      return Object.fromEntries(
        type.fields.map((each, index) => [lowerCamel(each.name), values[index]]),
      );
    }
    case 'variant':
      return variant(type, json, sub, path, wrong);
    case 'enum':
      if (typeof json !== 'string' || !type.labels.includes(json))
        throw expected(`one of ${quoted(type.labels)}`);
      return json;
    case 'flags':
      return flags(type.labels, json, wrong);
    case 'option':
      return option(type, json, sub, path, wrong);
    case 'result':
      return result(type, json, sub, path, wrong);
    case 'own':
    case 'borrow': {
      const name = resourceText(type.resource, context.names);
      if (typeof json !== 'string') throw expected(`the handle of a ${name}`);
      const value = context.handles.take(type.resource, json, type.kind === 'own');
      if (value === undefined) throw wrong(`it is no handle of a ${name}, or no longer one`);
      return value;
    }
    default:
      throw wrong(`${type.kind} has no JSON form`);
  }
}

type Wrong = (problem: string) => ValueError;
type Sub = (part: ValType, value: unknown, at: string) => unknown;

/** The values of fields or parameters, in their order, of a JSON object with their WIT names. */
export function membersFromJson(
  fields: readonly Field[],
  json: unknown,
  context: FromJson,
  path: string,
  expected: string,
): unknown[] {
  if (!isObject(json)) {
    throw new ValueError(path, expected, `expected an object, got ${shown(json)}`);
  }
  const known = new Set(fields.map((each) => each.name));
  for (const key of Object.keys(json)) {
    if (known.has(key)) continue;
    const takes = fields.length === 0 ? 'nothing' : quoted([...known]);
    throw new ValueError(
      member(path, key),
      expected,
      `nothing has this name here; there is ${takes}`,
    );
  }
  return fields.map(({ name, type }) => {
    const at = member(path, name);
    if (Object.hasOwn(json, name)) return fromJson(type, json[name], context, at);
    if (type.kind === 'option') return fromJson(type, null, context, at);
    throw new ValueError(at, typeText(type, context.names), 'it is missing');
  });
}

/** A JSON number, or decimal digits as a string: 64 bits do not fit into the numbers of most JSON readers. */
function integer(kind: IntegerKind, json: unknown, wrong: Wrong): number | bigint {
  const wide = kind === 'u64' || kind === 's64';
  const value =
    typeof json === 'bigint'
      ? json
      : typeof json === 'number' && Number.isSafeInteger(json)
        ? BigInt(json)
        : wide && typeof json === 'string' && /^(?:0|-?[1-9]\d{0,19})$/.test(json)
          ? BigInt(json)
          : undefined;
  if (value === undefined) {
    const what = wide ? 'a whole number, or one as decimal digits in a string' : 'a whole number';
    throw wrong(`expected ${what}, got ${shown(json)}`);
  }
  const [least, most] = INTEGERS[kind];
  if (value < least || value > most) {
    throw wrong(`${clipped(value)} is not within ${least} and ${most}`);
  }
  return wide ? value : Number(value);
}

function float(kind: 'f32' | 'f64', json: unknown, wrong: Wrong): number {
  if (typeof json === 'string') {
    const named = UNFINITE.get(json);
    if (named !== undefined) return named;
  }
  const value = typeof json === 'bigint' ? Number(json) : json;
  if (typeof value !== 'number') {
    throw wrong(`expected a number, "NaN", "Infinity" or "-Infinity", got ${shown(json)}`);
  }
  const rounded = kind === 'f32' ? Math.fround(value) : value;
  if (!Number.isFinite(rounded)) throw wrong(`the number is larger than any ${kind}`);
  return rounded;
}

/** RFC 4648 section 4, padded. */
function bytes(json: unknown, wrong: Wrong): Uint8Array {
  if (typeof json !== 'string') throw wrong(`expected base64 text, got ${shown(json)}`);
  try {
    return Uint8Array.fromBase64(json, { lastChunkHandling: 'strict' });
  } catch {
    throw wrong('it is not base64 (RFC 4648 section 4, with its padding)');
  }
}

function variant(
  type: ValType & { kind: 'variant' },
  json: unknown,
  sub: Sub,
  path: string,
  wrong: Wrong,
): unknown {
  if (!isObject(json)) throw wrong(`expected {"tag": …, "val": …}, got ${shown(json)}`);
  const { tag } = json;
  const found = type.cases.find((each) => each.name === tag);
  if (found === undefined) {
    const names = quoted(type.cases.map((each) => each.name));
    throw wrong(`its "tag" is ${shown(tag)}; expected one of ${names}`);
  }
  onlyKeys(json, found.type === undefined ? ['tag'] : ['tag', 'val'], wrong);
  if (found.type === undefined) return { tag: found.name };
  return {
    tag: found.name,
    val: sub(found.type, valOf(json, 'val', found.type, wrong), `${path}.val`),
  };
}

function flags(labels: readonly string[], json: unknown, wrong: Wrong): Record<string, boolean> {
  if (!Array.isArray(json))
    throw wrong(`expected an array of ${quoted(labels)}, got ${shown(json)}`);
  for (const each of json) {
    if (!labels.includes(each)) throw wrong(`${shown(each)} is none of ${quoted(labels)}`);
  }
  if (new Set(json).size !== json.length) throw wrong('a flag is named twice');
  return Object.fromEntries(labels.map((each) => [lowerCamel(each), json.includes(each)]));
}

function option(
  type: ValType & { kind: 'option' },
  json: unknown,
  sub: Sub,
  path: string,
  wrong: Wrong,
): unknown {
  const bare = isBare(type);
  if (json === null) return bare ? undefined : { tag: 'none' };
  if (!isWrappedInJson(type)) return sub(type.value, json, path);
  if (!isObject(json)) throw wrong(`expected null or {"some": …}, got ${shown(json)}`);
  onlyKeys(json, ['some'], wrong);
  if (!Object.hasOwn(json, 'some')) throw wrong('expected null or {"some": …}');
  const value = sub(type.value, json['some'], `${path}.some`);
  return bare ? value : { tag: 'some', val: value };
}

function result(
  type: ValType & { kind: 'result' },
  json: unknown,
  sub: Sub,
  path: string,
  wrong: Wrong,
): unknown {
  const keys = isObject(json) ? Object.keys(json) : [];
  const tag = keys[0];
  if (!isObject(json) || keys.length !== 1 || (tag !== 'ok' && tag !== 'err')) {
    throw wrong(`expected {"ok": …} or {"err": …}, got ${shown(json)}`);
  }
  const part = type[tag];
  if (part !== undefined) return { tag, val: sub(part, json[tag], `${path}.${tag}`) };
  if (json[tag] !== null) throw wrong(`"${tag}" has no value: expected {"${tag}": null}`);
  return { tag, val: undefined };
}

function valOf(
  json: Readonly<Record<string, unknown>>,
  key: string,
  type: ValType,
  wrong: Wrong,
): unknown {
  if (Object.hasOwn(json, key)) return json[key];
  if (type.kind === 'option') return null;
  throw wrong(`its "${key}" is missing`);
}

function onlyKeys(json: object, keys: readonly string[], wrong: Wrong): void {
  const other = Object.keys(json).find((key) => !keys.includes(key));
  if (other !== undefined) throw wrong(`it has ${shown(other)}, and may have ${quoted(keys)} only`);
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Units of the first character: never 0, so that an empty text is none. */
function lengthOfFirst(text: string): number {
  return (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
}

function lengthOf(json: unknown): string {
  return Array.isArray(json) ? `one of ${json.length}` : shown(json);
}

function quoted(names: readonly string[]): string {
  const few = names.slice(0, 20).map((each) => JSON.stringify(each));
  return (
    few.join(', ') + (names.length > few.length ? `, and ${names.length - few.length} more` : '')
  );
}

function clipped(value: bigint): string {
  const text = `${value}`;
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
