/** What AssemblyScript's functions take and give, as far as the host converts it. */

export type NumberType =
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'isize'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'usize'
  | 'f32'
  | 'f64';

export type ScriptType =
  | NumberType
  | 'bool'
  | 'string'
  | 'ArrayBuffer'
  /** `Uint8Array` and its kin; `element` is what one holds, `id` its class in the module. */
  | {
      readonly kind: 'typed';
      readonly name: string;
      readonly element: NumberType;
      readonly id: number;
    }
  | {
      readonly kind: 'array';
      readonly element: ScriptType;
      readonly id: number;
      readonly fixed: boolean;
    }
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'nullable'; readonly type: ScriptType }
  /** Cannot be converted: a class with a constructor or private fields, a `Map`, a function. */
  | { readonly kind: 'opaque'; readonly name: string };

export interface ScriptParam {
  readonly name: string;
  readonly type: ScriptType;
  /** May be left out, and everything after it. */
  readonly optional: boolean;
}

export interface ScriptFunction {
  readonly name: string;
  readonly params: readonly ScriptParam[];
  /** `undefined` for `void`. */
  readonly result: ScriptType | undefined;
  readonly doc: string | undefined;
}

export interface ScriptField {
  readonly name: string;
  readonly type: ScriptType;
  /** Bytes from the start of the object. */
  readonly offset: number;
  readonly doc: string | undefined;
}

/** A class of public fields alone. */
export interface ScriptClass {
  readonly id: number;
  /** Bytes of an object. */
  readonly size: number;
  readonly fields: readonly ScriptField[];
  readonly doc: string | undefined;
}

export interface ScriptModule {
  /** Exported functions, in the module's order. */
  readonly functions: readonly ScriptFunction[];
  readonly classes: ReadonlyMap<string, ScriptClass>;
  /** Whether the types are AssemblyScript's; otherwise they are WebAssembly's, and parameters have no names. */
  readonly described: boolean;
}

const NUMBERS: ReadonlySet<unknown> = new Set([
  'i8',
  'i16',
  'i32',
  'i64',
  'isize',
  'u8',
  'u16',
  'u32',
  'u64',
  'usize',
  'f32',
  'f64',
] satisfies NumberType[]);

export function isNumberType(type: unknown): type is NumberType {
  return NUMBERS.has(type);
}

/** As the author wrote it: `Array<Point | null>`. */
export function scriptTypeText(type: ScriptType): string {
  if (typeof type === 'string') return type;
  if (type.kind === 'array')
    return `${type.fixed ? 'StaticArray' : 'Array'}<${scriptTypeText(type.element)}>`;
  return type.kind === 'nullable' ? `${scriptTypeText(type.type)} | null` : type.name;
}

/** `add(a: i32, b?: i32): i32`. */
export function scriptSignature({ name, params, result }: ScriptFunction): string {
  const given = params.map(
    (each) => `${each.name}${each.optional ? '?' : ''}: ${scriptTypeText(each.type)}`,
  );
  return `${name}(${given.join(', ')}): ${result === undefined ? 'void' : scriptTypeText(result)}`;
}
