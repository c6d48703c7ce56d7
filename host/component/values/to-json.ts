import type { Field, ValType } from '../model.ts';
import { isBare, isBytes, isWrappedInJson, lowerCamel } from './conventions.ts';
import type { Handles } from './handles.ts';
import { NEGATIVE_ZERO } from './raw-json.ts';

export interface ToJson {
  readonly handles: Handles;
  /** Told of the size of every part before it is made, in bytes of JSON more or less. May throw to stop. */
  readonly spend: (bytes: number) => void;
}

/**
 * The JSON of a value that a binder gave: what `JSON.stringify` makes text of, and `fromJson` reads back to the same
 * value. A value that is not as the type says is a fault of the binder and throws `TypeError`.
 */
export function toJson(type: ValType, value: unknown, context: ToJson): unknown {
  context.spend(2);
  switch (type.kind) {
    case 'bool':
    case 'u8':
    case 's8':
    case 'u16':
    case 's16':
    case 'u32':
    case 's32':
      return value;
    case 'u64':
    case 's64': {
      const whole = value as bigint;
      const number = Number(whole);
      return Number.isSafeInteger(number) ? number : `${whole}`;
    }
    case 'f32':
      return floatJson(shortest(value as number));
    case 'f64':
      return floatJson(value as number);
    case 'char':
    case 'enum':
      return value;
    case 'string':
      context.spend((value as string).length);
      return value;
    case 'list':
    case 'fixed-list': {
      if (isBytes(type)) {
        const bytes = value as Uint8Array;
        context.spend(bytes.length * 1.4);
        return bytes.toBase64();
      }
      const elements: unknown[] = [];
      for (const each of value as Iterable<unknown>) {
        elements.push(toJson(type.element, each, context));
      }
      return elements;
    }
    case 'tuple':
      return type.elements.map((each, index) =>
        toJson(each, (value as readonly unknown[])[index], context),
      );
    case 'record':
      return recordJson(type.fields, value as Readonly<Record<string, unknown>>, context);
    case 'variant': {
      const { tag, val } = value as Tagged;
      const found = type.cases.find((each) => each.name === tag);
      if (found === undefined) throw new TypeError(`the binder gave the case ${tag}`);
      return found.type === undefined ? { tag } : { tag, val: toJson(found.type, val, context) };
    }
    case 'flags':
      return type.labels.filter(
        (each) => (value as Readonly<Record<string, boolean>>)[lowerCamel(each)],
      );
    case 'option': {
      const present = isBare(type)
        ? { is: value !== undefined, value }
        : { is: (value as Tagged).tag === 'some', value: (value as Tagged).val };
      if (!present.is) return null;
      const json = toJson(type.value, present.value, context);
      return isWrappedInJson(type) ? { some: json } : json;
    }
    case 'result': {
      const { tag, val } = value as Tagged;
      const part = tag === 'ok' ? type.ok : type.err;
      return { [tag]: part === undefined ? null : toJson(part, val, context) };
    }
    case 'own':
      return context.handles.give(type.resource, value as object);
    default:
      throw new TypeError(`${type.kind} has no JSON form`);
  }
}

interface Tagged {
  readonly tag: string;
  readonly val: unknown;
}

function recordJson(
  fields: readonly Field[],
  value: Readonly<Record<string, unknown>>,
  context: ToJson,
): Record<string, unknown> {
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      context.spend(name.length + 4);
      return [name, toJson(type, value[lowerCamel(name)], context)];
    }),
  );
}

function floatJson(value: number): unknown {
  if (!Number.isFinite(value)) return String(value);
  // JSON has a negative zero; of the number itself `JSON.stringify` makes 0.
  return Object.is(value, -0) ? NEGATIVE_ZERO : value;
}

/** Of the numbers that round to this f32, the one with the fewest digits. */
function shortest(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value;
  for (let digits = 1; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}
