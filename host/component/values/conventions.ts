/** How the binders represent values in JavaScript (jco's conventions), where it is not plain. */
import type { ValType } from '../model.ts';

type OptionType = ValType & { readonly kind: 'option' };

/**
 * Whether an option is its value or `undefined`. One whose value is such an option itself could not tell the two
 * absences apart, and is `{ tag, val }`; one around that is plain again.
 */
export function isBare(type: OptionType): boolean {
  return !(type.value.kind === 'option' && isBare(type.value));
}

/** In JSON, `null` is taken where the value is an option itself: the outer one is `{"some": …}` then. */
export function isWrappedInJson(type: OptionType): boolean {
  return type.value.kind === 'option';
}

/** `display-name` becomes `displayName`. */
export function lowerCamel(label: string): string {
  const [first = '', ...rest] = label.split('-');
  return first.toLowerCase() + rest.map(capitalised).join('');
}

/** The name of a resource's class. */
export function upperCamel(label: string): string {
  return label.split('-').map(capitalised).join('');
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
}

/** Inclusive ranges of the integer types. */
export const INTEGERS = {
  u8: [0n, 0xffn],
  s8: [-0x80n, 0x7fn],
  u16: [0n, 0xffffn],
  s16: [-0x8000n, 0x7fffn],
  u32: [0n, 0xffff_ffffn],
  s32: [-0x8000_0000n, 0x7fff_ffffn],
  u64: [0n, 0xffff_ffff_ffff_ffffn],
  s64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
} as const satisfies Readonly<Record<string, readonly [bigint, bigint]>>;

export type IntegerKind = keyof typeof INTEGERS;

export function isIntegerKind(kind: string): kind is IntegerKind {
  return Object.hasOwn(INTEGERS, kind);
}

/** What JSON has no numbers for. */
export const UNFINITE: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

export function isBytes(type: ValType): boolean {
  return type.kind === 'list' && type.element.kind === 'u8';
}

/** The first part of a type that typed calls have no JSON for. */
export function unsupportedIn(type: ValType): ValType | undefined {
  switch (type.kind) {
    case 'record':
      return firstOf(type.fields.map((each) => each.type));
    case 'variant':
      return firstOf(type.cases.map((each) => each.type));
    case 'list':
    case 'fixed-list':
      return unsupportedIn(type.element);
    case 'tuple':
      return firstOf(type.elements);
    case 'option':
      return unsupportedIn(type.value);
    case 'result':
      return firstOf([type.ok, type.err]);
    case 'map':
    case 'stream':
    case 'future':
    case 'error-context':
      return type;
    default:
      return undefined;
  }
}

function firstOf(types: readonly (ValType | undefined)[]): ValType | undefined {
  for (const type of types) {
    const found = type === undefined ? undefined : unsupportedIn(type);
    if (found !== undefined) return found;
  }
  return undefined;
}
