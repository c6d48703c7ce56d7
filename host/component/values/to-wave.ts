import type { ValType } from '../model.ts';
import { isBytes, isWrappedInJson } from './conventions.ts';

const KEYWORDS = new Set(['true', 'false', 'inf', 'nan', 'some', 'none', 'ok', 'err']);

/** The WAVE text of a value in its JSON form, as `wasmtime run --invoke` prints it. */
export function toWave(type: ValType, json: unknown): string {
  switch (type.kind) {
    case 'f32':
    case 'f64':
      return floatText(json as number | string);
    case 'char':
      return `'${escaped(json as string, "'")}'`;
    case 'string':
    case 'own':
    case 'borrow':
      return `"${escaped(json as string, '"')}"`;
    case 'list':
    case 'fixed-list': {
      const list = isBytes(type)
        ? [...Uint8Array.fromBase64(json as string)]
        : (json as readonly unknown[]);
      return `[${list.map((each) => toWave(type.element, each)).join(', ')}]`;
    }
    case 'tuple': {
      const values = json as readonly unknown[];
      return `(${type.elements.map((each, index) => toWave(each, values[index])).join(', ')})`;
    }
    case 'record': {
      const fields = json as Readonly<Record<string, unknown>>;
      const given = type.fields.filter(
        (each) => !(each.type.kind === 'option' && fields[each.name] === null),
      );
      if (given.length === 0) return '{:}';
      return `{${given.map((each) => `${each.name}: ${toWave(each.type, fields[each.name])}`).join(', ')}}`;
    }
    case 'flags':
      return `{${(json as readonly string[]).join(', ')}}`;
    case 'enum':
      return caseName(json as string);
    case 'variant': {
      const { tag, val } = json as { readonly tag: string; readonly val: unknown };
      const payload = type.cases.find((each) => each.name === tag)?.type;
      return caseName(tag) + (payload === undefined ? '' : `(${toWave(payload, val)})`);
    }
    case 'option': {
      if (json === null) return 'none';
      const value = isWrappedInJson(type) ? (json as { readonly some: unknown }).some : json;
      return `some(${toWave(type.value, value)})`;
    }
    case 'result': {
      const tag = Object.hasOwn(json as object, 'ok') ? 'ok' : 'err';
      return resultText(tag, type[tag], (json as Readonly<Record<string, unknown>>)[tag]);
    }
    default:
      return String(json);
  }
}

/** One side of a result. */
export function resultText(tag: 'ok' | 'err', type: ValType | undefined, json: unknown): string {
  return type === undefined ? tag : `${tag}(${toWave(type, json)})`;
}

function caseName(label: string): string {
  return KEYWORDS.has(label) ? `%${label}` : label;
}

function floatText(json: number | string): string {
  if (json === 'NaN') return 'nan';
  if (json === 'Infinity') return 'inf';
  if (json === '-Infinity') return '-inf';
  return Object.is(json, -0) ? '-0' : withoutExponent(String(json));
}

/** As wasm-wave writes floats: `1e-7` is `0.0000001`. */
function withoutExponent(text: string): string {
  const [, sign, whole = '', fraction = '', exponent] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point).padEnd(point, '0')}${point < digits.length ? `.${digits.slice(point)}` : ''}`;
}

function escaped(text: string, quote: string): string {
  let out = '';
  for (const char of text) {
    if (char === quote || char === '\\') out += `\\${char}`;
    else if (char === '\t') out += String.raw`\t`;
    else if (char === '\n') out += String.raw`\n`;
    else if (char === '\r') out += String.raw`\r`;
    else if (/\p{Cc}/u.test(char)) out += `\\u{${(char.codePointAt(0) as number).toString(16)}}`;
    else out += char;
  }
  return out;
}
