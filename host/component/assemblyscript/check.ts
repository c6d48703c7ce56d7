import {
  isNumberType,
  scriptTypeText,
  type NumberType,
  type ScriptClass,
  type ScriptModule,
  type ScriptParam,
  type ScriptType,
} from './types.ts';
import { memberPath, ScriptValueError, shownValue } from './value-error.ts';

/** A value of its type, ready to be written to a guest's memory: class instances as their fields, in order. */
export type ScriptValue = number | bigint | string | null | Uint8Array | readonly ScriptValue[];

const RANGES: Readonly<Record<Exclude<NumberType, 'f32' | 'f64'>, readonly [bigint, bigint]>> = {
  i8: [-0x80n, 0x7fn],
  u8: [0n, 0xffn],
  i16: [-0x8000n, 0x7fffn],
  u16: [0n, 0xffffn],
  i32: [-0x8000_0000n, 0x7fff_ffffn],
  isize: [-0x8000_0000n, 0x7fff_ffffn],
  u32: [0n, 0xffff_ffffn],
  usize: [0n, 0xffff_ffffn],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};
const DECIMAL = /^-?(?:0|[1-9][0-9]{0,19})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity,
  '-Infinity': -Infinity,
};

/** The longest list of parameters that is told in an error. */
const SHOWN = 20;

/**
 * Arguments as JSON gives them, by name in an object or in order in an array, as values of the parameters' types.
 * There are as many as were given: what is optional may be left out from the end. No guest is needed for this.
 *
 * Throws `ScriptValueError` with the JSON path of what is wrong.
 */
export function checkArguments(
  params: readonly ScriptParam[],
  json: unknown,
  module: ScriptModule,
): ScriptValue[] {
  const given = ordered(params, json);
  return given.map(([param, value, path]) => checkValue(param.type, value, module, path));
}

type Given = readonly [param: ScriptParam, value: unknown, path: string];

function ordered(params: readonly ScriptParam[], json: unknown): Given[] {
  const names = params
    .slice(0, SHOWN)
    .map((each) => each.name)
    .join(', ');
  const expected = params.length === 0 ? 'an empty object' : `an object with ${names}`;
  if (Array.isArray(json)) {
    const excess = json.length > params.length;
    if (excess)
      throw new ScriptValueError(
        `$[${params.length}]`,
        'nothing',
        `there are only ${params.length} parameters`,
      );
    return present(
      params.map((param, at) => [param, json[at], `$[${at}]`]),
      (at) => at < json.length,
    );
  }
  if (typeof json !== 'object' || json === null)
    throw new ScriptValueError(
      '$',
      expected,
      `${shownValue(json)} is no object with the arguments`,
    );
  const known = new Set(params.map((each) => each.name));
  for (const name of Object.keys(json)) {
    if (!known.has(name))
      throw new ScriptValueError(memberPath('$', name), expected, 'there is no such parameter');
  }
  const values = json as Readonly<Record<string, unknown>>;
  const all = params.map(
    (param) => [param, values[param.name], memberPath('$', param.name)] as const,
  );
  return present(all, (at) => Object.hasOwn(values, (params[at] as ScriptParam).name));
}

/** Those up to the last that is given; of the rest, none may be required. */
function present(all: readonly Given[], isGiven: (at: number) => boolean): Given[] {
  let count = all.length;
  while (count > 0 && !isGiven(count - 1) && (all[count - 1] as Given)[0].optional) count -= 1;
  const taken = all.slice(0, count);
  taken.forEach(([param, , path], at) => {
    if (isGiven(at)) return;
    const why = param.optional
      ? 'it may be left out only with all that follow it'
      : 'it is missing';
    throw new ScriptValueError(path, scriptTypeText(param.type), why);
  });
  return taken;
}

/** One value. An `ArrayBuffer` or `Uint8Array` may be given as a `Uint8Array`, too. */
export function checkValue(
  type: ScriptType,
  json: unknown,
  module: ScriptModule,
  path: string,
): ScriptValue {
  if (isNumberType(type)) return checkNumber(type, json, path);
  if (type === 'bool') {
    if (typeof json !== 'boolean') throw wrong(type, json, path);
    return json ? 1 : 0;
  }
  if (type === 'string') {
    if (typeof json !== 'string') throw wrong(type, json, path);
    return json;
  }
  if (type === 'ArrayBuffer') return checkBytes(type, json, path);
  if (type.kind === 'nullable')
    return json === null ? null : checkValue(type.type, json, module, path);
  if (type.kind === 'typed') {
    const { element, name } = type;
    if (name === 'Uint8Array' && !Array.isArray(json)) return checkBytes(type, json, path);
    return list(type, json, path).map((each, at) => checkNumber(element, each, `${path}[${at}]`));
  }
  if (type.kind === 'array') {
    const { element } = type;
    return list(type, json, path).map((each, at) =>
      checkValue(element, each, module, `${path}[${at}]`),
    );
  }
  if (type.kind === 'class')
    return checkObject(type, module.classes.get(type.name) as ScriptClass, json, module, path);
  throw wrong(type, json, path);
}

function checkObject(
  type: ScriptType,
  { fields }: ScriptClass,
  json: unknown,
  module: ScriptModule,
  path: string,
): ScriptValue {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw wrong(type, json, path);
  const values = json as Readonly<Record<string, unknown>>;
  const known = new Set(fields.map((each) => each.name));
  for (const name of Object.keys(json)) {
    if (!known.has(name))
      throw new ScriptValueError(
        memberPath(path, name),
        scriptTypeText(type),
        `${scriptTypeText(type)} has no such field`,
      );
  }
  return fields.map(({ name, type: own }) => {
    const at = memberPath(path, name);
    if (Object.hasOwn(values, name)) return checkValue(own, values[name], module, at);
    if (typeof own === 'object' && own.kind === 'nullable') return null;
    throw new ScriptValueError(at, scriptTypeText(own), 'it is missing');
  });
}

function list(type: ScriptType, json: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(json)) throw wrong(type, json, path);
  return json;
}

function checkNumber(type: NumberType, json: unknown, path: string): number | bigint {
  if (type === 'f32' || type === 'f64') {
    if (typeof json === 'number') return json;
    if (typeof json === 'bigint') return Number(json);
    if (typeof json === 'string' && Object.hasOwn(NOT_FINITE, json))
      return NOT_FINITE[json] as number;
    throw wrong(type, json, path);
  }
  const wide = type === 'i64' || type === 'u64';
  let value: bigint;
  if (typeof json === 'number' && Number.isSafeInteger(json)) value = BigInt(json);
  else if (typeof json === 'bigint') value = json;
  else if (wide && typeof json === 'string' && DECIMAL.test(json)) value = BigInt(json);
  else throw wrong(type, json, path);
  const [least, most] = RANGES[type];
  if (value < least || value > most)
    throw new ScriptValueError(
      path,
      type,
      `${shownValue(value)} is outside of ${least} to ${most}`,
    );
  return wide ? value : Number(value);
}

function checkBytes(type: ScriptType, json: unknown, path: string): Uint8Array {
  if (json instanceof Uint8Array) return json;
  if (typeof json !== 'string') throw wrong(type, json, path);
  if (!BASE64.test(json))
    throw new ScriptValueError(path, scriptTypeText(type), `${shownValue(json)} is no base64`);
  return Buffer.from(json, 'base64');
}

const KINDS: Readonly<Record<string, string>> = {
  bool: 'true or false',
  string: 'a string',
  ArrayBuffer: 'bytes in base64',
  i64: 'an integer, or one in a string',
  u64: 'an integer, or one in a string',
  f32: 'a number, or "NaN", "Infinity" or "-Infinity"',
  f64: 'a number, or "NaN", "Infinity" or "-Infinity"',
};

function wrong(type: ScriptType, json: unknown, path: string): ScriptValueError {
  return new ScriptValueError(
    path,
    scriptTypeText(type),
    `${shownValue(json)} is not ${kindOf(type)}`,
  );
}

function kindOf(type: ScriptType): string {
  if (typeof type === 'string') return KINDS[type] ?? 'an integer';
  if (type.kind === 'opaque') return `${type.name}, of which there is no JSON`;
  if (type.kind === 'nullable') return `${kindOf(type.type)}, or null`;
  return type.kind === 'class' ? `an object with the fields of ${type.name}` : 'an array';
}
