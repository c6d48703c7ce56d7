import type { Field, ValType } from '../model.ts';
import { isIntegerKind, isWrappedInJson } from './conventions.ts';
import { parseJson } from './json-text.ts';
import { NEGATIVE_ZERO } from './raw-json.ts';
import { typeText, type TypeNames } from './type-text.ts';
import { WaveLexer, type WaveError } from './wave-lexer.ts';

const FLOATS: ReadonlyMap<string, string> = new Map([
  ['nan', 'NaN'],
  ['inf', 'Infinity'],
]);

/**
 * The arguments of a call as a JSON object by parameter name, for `membersFromJson`: ranges are checked there. The
 * lexer stands behind the opening parenthesis. Options that are left out at the end are none (README of wasm-wave,
 * "Function arguments").
 *
 * Throws `WaveError`.
 */
export function argumentsFromWave(
  params: readonly Field[],
  lexer: WaveLexer,
  names: TypeNames,
): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [index, { name, type }] of params.entries()) {
    if (lexer.peek() === ')') {
      const missing = params.slice(index).find((each) => each.type.kind !== 'option');
      if (missing !== undefined) {
        throw lexer.wrong(
          `the argument ${missing.name}: ${typeText(missing.type, names)} is missing`,
        );
      }
      break;
    }
    given[name] = read(type, lexer, names);
    if (!lexer.has(',')) break;
  }
  if (!lexer.has(')')) throw lexer.wrong(`expected ), after at most ${params.length} arguments`);
  return given;
}

function read(type: ValType, lexer: WaveLexer, names: TypeNames): unknown {
  const expected = (): WaveError => lexer.wrong(`expected ${typeText(type, names)}`);
  const sub = (part: ValType): unknown => read(part, lexer, names);
  if (isIntegerKind(type.kind)) {
    const text = lexer.number();
    if (text === undefined || /[.eE]/.test(text)) throw expected();
    return parseJson(text);
  }
  switch (type.kind) {
    case 'bool': {
      const label = lexer.label();
      if (!label?.keyword || (label.name !== 'true' && label.name !== 'false')) throw expected();
      return label.name === 'true';
    }
    case 'f32':
    case 'f64': {
      const negative = lexer.has('-inf');
      if (negative) return '-Infinity';
      const text = lexer.number();
      if (text !== undefined) {
        if (!Number.isFinite(Number(text)))
          throw lexer.wrong(`${text} is larger than any ${type.kind}`);
        return Number(text);
      }
      const named = FLOATS.get(lexer.label()?.name ?? '');
      if (named === undefined) throw expected();
      return named;
    }
    case 'char':
      if (lexer.peek() !== "'") throw expected();
      return lexer.char();
    // WAVE has no form for resources yet; what stands for one here is its handle.
    case 'own':
    case 'borrow':
    case 'string':
      if (lexer.peek() !== '"') throw expected();
      return lexer.string();
    case 'list':
    case 'fixed-list': {
      const elements = sequence(lexer, '[', ']', () => sub(type.element), expected);
      return type.kind === 'list' && type.element.kind === 'u8'
        ? base64(elements, lexer)
        : elements;
    }
    case 'tuple': {
      let index = 0;
      return sequence(
        lexer,
        '(',
        ')',
        () => {
          const element = type.elements[index++];
          if (element === undefined) throw expected();
          return sub(element);
        },
        expected,
      );
    }
    case 'record':
      return record(type.fields, lexer, sub, expected);
    case 'flags':
      return sequence(lexer, '{', '}', () => lexer.label()?.name, expected);
    case 'enum':
      return lexer.label()?.name ?? fail(expected());
    case 'variant': {
      const tag = lexer.label()?.name ?? fail(expected());
      const found = type.cases.find((each) => each.name === tag);
      if (found === undefined) throw expected();
      return found.type === undefined
        ? { tag }
        : { tag, val: inParentheses(lexer, found.type, sub) };
    }
    case 'option': {
      const wrap = (value: unknown): unknown => (isWrappedInJson(type) ? { some: value } : value);
      const tag = keyword(lexer, ['some', 'none']);
      if (tag === 'none') return null;
      if (tag === 'some') return wrap(inParentheses(lexer, type.value, sub));
      if (isTagged(type.value)) throw expected();
      return wrap(sub(type.value));
    }
    case 'result': {
      const tag = keyword(lexer, ['ok', 'err']);
      if (tag === undefined) {
        if (type.ok === undefined || isTagged(type.ok)) throw expected();
        return { ok: sub(type.ok) };
      }
      const part = type[tag as 'ok' | 'err'];
      return { [tag]: part === undefined ? null : inParentheses(lexer, part, sub) };
    }
    default:
      throw expected();
  }
}

/** Options and results may be flat (without `some` or `ok`) unless their payload is one of them. */
function isTagged(type: ValType): boolean {
  return type.kind === 'option' || type.kind === 'result';
}

function keyword(lexer: WaveLexer, words: readonly string[]): string | undefined {
  const before = lexer.at;
  const label = lexer.label();
  if (label?.keyword && words.includes(label.name)) return label.name;
  lexer.at = before;
  return undefined;
}

function inParentheses(lexer: WaveLexer, type: ValType, sub: (part: ValType) => unknown): unknown {
  lexer.expect('(');
  const value = sub(type);
  lexer.expect(')');
  return value;
}

function sequence<T>(
  lexer: WaveLexer,
  open: string,
  close: string,
  element: () => T | undefined,
  expected: () => WaveError,
): T[] {
  if (!lexer.has(open)) throw expected();
  const elements: T[] = [];
  while (!lexer.has(close)) {
    const value = element();
    if (value === undefined) throw expected();
    elements.push(value);
    if (lexer.has(',')) continue;
    lexer.expect(close);
    break;
  }
  return elements;
}

function record(
  fields: readonly Field[],
  lexer: WaveLexer,
  sub: (part: ValType) => unknown,
  expected: () => WaveError,
): unknown {
  if (!lexer.has('{')) throw expected();
  const given = new Map<string, unknown>();
  if (lexer.has(':')) {
    lexer.expect('}');
    return {};
  }
  while (!lexer.has('}')) {
    const label = lexer.label()?.name ?? fail(expected());
    const field = fields.find((each) => each.name === label);
    if (field === undefined || given.has(label))
      throw lexer.wrong(`the field ${label} is not expected here`);
    lexer.expect(':');
    given.set(label, sub(field.type));
    if (lexer.has(',')) continue;
    lexer.expect('}');
    break;
  }
  return Object.fromEntries(given);
}

function base64(elements: readonly unknown[], lexer: WaveLexer): string {
  for (const each of elements) {
    if (typeof each !== 'number' || each < 0 || each > 255)
      throw lexer.wrong(`${String(each)} is no u8`);
  }
  return Uint8Array.from(elements as readonly number[]).toBase64();
}

/** The text of a JSON object, negative zeros kept. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return `${each}`;
    return Object.is(each, -0) ? NEGATIVE_ZERO : each;
  });
}

function fail(error: Error): never {
  throw error;
}
