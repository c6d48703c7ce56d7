import type { CoreFuncType, CoreModule, CoreValType } from '../core-model.ts';
import { ComponentError } from '../errors.ts';
import {
  isNumberType,
  type NumberType,
  type ScriptClass,
  type ScriptFunction,
  type ScriptModule,
  type ScriptType,
} from './types.ts';

/** Written by `guest/assemblyscript/transform.mjs`. */
const SECTION = 'selvedge:types';
const MAX_BYTES = 2 ** 20;
/** How deep a type may be nested: nobody writes an array of arrays of arrays beyond this. */
const MAX_DEPTH = 32;
const MAX_CLASSES = 4096;
const MAX_PARAMS = 256;
const IDENTIFIER = /^[\p{L}_$][\p{L}\p{N}_$]{0,127}$/u;
const CLASS_NAME = /^[\p{L}_$][\p{L}\p{N}\p{P}\p{S} ]{0,254}$/u;

const ELEMENTS: Readonly<Record<string, NumberType>> = {
  Int8Array: 'i8',
  Uint8Array: 'u8',
  Uint8ClampedArray: 'u8',
  Int16Array: 'i16',
  Uint16Array: 'u16',
  Int32Array: 'i32',
  Uint32Array: 'u32',
  Int64Array: 'i64',
  Uint64Array: 'u64',
  Float32Array: 'f32',
  Float64Array: 'f64',
};

/**
 * The types that a module brings in its custom section, `undefined` when it has none. They are the module's own
 * word, and are held against the signatures of its exports: what does not fit throws `ComponentError`.
 */
export function readTypesSection(module: CoreModule): ScriptModule | undefined {
  const section = module.customSections.find((each) => each.name === SECTION);
  if (section === undefined) return undefined;
  const at = section.range.start;
  if (section.bytes.length > MAX_BYTES) throw invalid('it is larger than 1 MiB', at);
  const reader = new SectionReader(at);
  const root = reader.object(parse(section.bytes, at), 'it');
  if (root['version'] !== 1) throw invalid('its version is not 1', at);
  return reader.module(root, module);
}

function parse(bytes: Uint8Array, at: number): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid('it is no JSON', at);
  }
}

function invalid(problem: string, offset: number): ComponentError {
  return new ComponentError({
    code: 'invalid-module',
    message: `the custom section ${SECTION} is not what the transform for asc writes: ${problem}`,
    offset,
    fix: 'build the module again with asc --transform, or leave the section out',
  });
}

type Raw = Readonly<Record<string, unknown>>;

class SectionReader {
  readonly #offset: number;
  /** Filled before types are read, which may name any of them. */
  #classNames: ReadonlySet<string> = new Set();

  constructor(offset: number) {
    this.#offset = offset;
  }

  module(root: Raw, module: CoreModule): ScriptModule {
    const rawClasses = Object.entries(this.object(root['classes'], 'classes'));
    if (rawClasses.length > MAX_CLASSES) throw this.#invalid(`more than ${MAX_CLASSES} classes`);
    this.#classNames = new Set(rawClasses.map(([name]) => name));
    const classes = new Map(
      rawClasses.map(([name, raw]) => [
        this.#text(name, CLASS_NAME, 'the name of a class'),
        this.#class(this.object(raw, name)),
      ]),
    );
    const signatures = new Map<string, CoreFuncType>();
    for (const { name, type } of module.exports)
      if (type.kind === 'func') signatures.set(name, type);
    const functions = this.#list(root['functions'], 'functions', 65_536).map((raw) =>
      this.#function(this.object(raw, 'a function'), signatures),
    );
    if (new Set(functions.map((each) => each.name)).size < functions.length)
      throw this.#invalid('a function is described twice');
    return { functions, classes, described: true };
  }

  object(raw: unknown, what: string): Raw {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      throw this.#invalid(`${what} is no object`);
    return raw as Raw;
  }

  #function(raw: Raw, signatures: ReadonlyMap<string, CoreFuncType>): ScriptFunction {
    const name = this.#text(raw['name'], IDENTIFIER, 'the name of a function');
    const params = this.#list(raw['params'], 'params', MAX_PARAMS).map((each) => {
      const param = this.object(each, 'a parameter');
      return {
        name: this.#text(param['name'], IDENTIFIER, 'the name of a parameter'),
        type: this.#type(param['type'], 0),
        optional: param['optional'] === true,
      };
    });
    if (new Set(params.map((each) => each.name)).size < params.length)
      throw this.#invalid(`two parameters of ${name} have one name`);
    const result = raw['result'] === 'void' ? undefined : this.#type(raw['result'], 0);
    const core = signatures.get(name);
    const fits =
      core !== undefined &&
      same(
        core.params,
        params.map((each) => coreType(each.type)),
      ) &&
      same(core.results, result === undefined ? [] : [coreType(result)]);
    if (!fits) throw this.#invalid(`the module exports no function ${name} of that signature`);
    return { name, params, result, doc: this.#doc(raw) };
  }

  #class(raw: Raw): ScriptClass {
    const fields = this.#list(raw['fields'], 'fields', 4096).map((each) => {
      const field = this.object(each, 'a field');
      return {
        name: this.#text(field['name'], IDENTIFIER, 'the name of a field'),
        type: this.#type(field['type'], 0),
        offset: this.#count(field['offset'], 'an offset'),
        doc: this.#doc(field),
      };
    });
    const size = this.#count(raw['size'], 'a size');
    // The host writes there on the section's word; outside of the object it would be another object of the guest.
    if (fields.some((each) => each.offset + byteLength(each.type) > size))
      throw this.#invalid('a field is outside of its object');
    return { id: this.#count(raw['id'], 'an id'), size, fields, doc: this.#doc(raw) };
  }

  #type(raw: unknown, depth: number): ScriptType {
    if (depth > MAX_DEPTH) throw this.#invalid('a type is nested too deeply');
    if (isNumberType(raw) || raw === 'bool' || raw === 'string' || raw === 'ArrayBuffer')
      return raw;
    const type = this.object(raw, 'a type');
    if ('typed' in type) {
      const name = type['typed'];
      if (typeof name !== 'string' || !Object.hasOwn(ELEMENTS, name))
        throw this.#invalid('an array of numbers is of no known type');
      return {
        kind: 'typed',
        name,
        element: ELEMENTS[name] as NumberType,
        id: this.#count(type['id'], 'an id'),
      };
    }
    if ('array' in type || 'staticArray' in type) {
      const fixed = 'staticArray' in type;
      const element = this.#type(fixed ? type['staticArray'] : type['array'], depth + 1);
      return { kind: 'array', element, id: this.#count(type['id'], 'an id'), fixed };
    }
    if ('nullable' in type)
      return { kind: 'nullable', type: this.#reference(type['nullable'], depth) };
    if ('opaque' in type)
      return { kind: 'opaque', name: this.#text(type['opaque'], CLASS_NAME, 'the name of a type') };
    const name = type['class'];
    if (typeof name !== 'string' || !this.#classNames.has(name))
      throw this.#invalid('a type is of no known kind');
    return { kind: 'class', name };
  }

  #reference(raw: unknown, depth: number): ScriptType {
    const type = this.#type(raw, depth + 1);
    if (
      isNumberType(type) ||
      type === 'bool' ||
      (typeof type === 'object' && type.kind === 'nullable')
    ) {
      throw this.#invalid('what is no reference cannot be null');
    }
    return type;
  }

  #list(raw: unknown, what: string, max: number): readonly unknown[] {
    if (!Array.isArray(raw) || raw.length > max)
      throw this.#invalid(`${what} is no list of at most ${max}`);
    return raw;
  }

  #text(raw: unknown, pattern: RegExp, what: string): string {
    if (typeof raw !== 'string' || !pattern.test(raw)) throw this.#invalid(`${what} is none`);
    return raw;
  }

  #count(raw: unknown, what: string): number {
    if (!Number.isInteger(raw) || (raw as number) < 0 || (raw as number) > 0x7fff_ffff)
      throw this.#invalid(`${what} is none`);
    return raw as number;
  }

  #doc({ doc }: Raw): string | undefined {
    return typeof doc === 'string' ? doc.slice(0, 8192) : undefined;
  }

  #invalid(problem: string): ComponentError {
    return invalid(problem, this.#offset);
  }
}

/** Bytes of a value within an object or array; `isize` and `usize` are of wasm32. */
export function byteLength(type: ScriptType): number {
  if (type === 'bool' || type === 'i8' || type === 'u8') return 1;
  if (type === 'i16' || type === 'u16') return 2;
  return type === 'i64' || type === 'u64' || type === 'f64' ? 8 : 4;
}

function coreType(type: ScriptType): CoreValType {
  if (type === 'i64' || type === 'u64') return 'i64';
  return type === 'f32' || type === 'f64' ? type : 'i32';
}

function same(one: readonly CoreValType[], other: readonly CoreValType[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}
