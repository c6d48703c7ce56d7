import type { ScriptValue } from './check.ts';
import { byteLength } from './section.ts';
import {
  isNumberType,
  type NumberType,
  type ScriptClass,
  type ScriptModule,
  type ScriptType,
} from './types.ts';

/** What `@assemblyscript/loader` makes of an instance's exports, as far as it is used here. */
export interface LoadedExports extends Readonly<Record<string, unknown>> {
  readonly memory: WebAssembly.Memory;
  __new(size: number, id: number): number;
  __pin(pointer: number): number;
  __unpin(pointer: number): void;
  __collect(): void;
  __newString(text: string): number;
  __newArray(id: number, values: ArrayLike<number | bigint>): number;
  __newArrayBuffer(bytes: Uint8Array): number;
  __getString(pointer: number): string;
  __getArrayView(pointer: number): ArrayLike<number | bigint>;
}

export interface LiftOptions {
  /** Called with the bytes that each part of the result takes, before it is made; throws when it is too much. */
  readonly spend: (bytes: number) => void;
  /** What an `ArrayBuffer` becomes; the view is of the guest's memory, and of that instant. */
  readonly bytes: (view: Uint8Array) => unknown;
}

/** How deep a result may be nested: an object may hold itself. */
const MAX_DEPTH = 256;
/** Before the contents of a string or `ArrayBuffer` stands their length (AssemblyScript runtime, "memory layout"). */
const SIZE_OFFSET = -4;

/** Writes values to a guest's memory and reads them from it. */
export class ScriptMemory {
  readonly #exports: LoadedExports;
  readonly #module: ScriptModule;
  readonly #pinned: number[] = [];

  constructor(exports: LoadedExports, module: ScriptModule) {
    this.#exports = exports;
    this.#module = module;
  }

  /**
   * A value as WebAssembly takes it. Everything made for it stays pinned until `unpin`: the guest's collector may run
   * at any allocation, and it does not see what only the host knows of.
   */
  lower(type: ScriptType, value: ScriptValue): number | bigint {
    if (isNumberType(type) || type === 'bool') return value as number | bigint;
    if (value === null) return 0;
    if (type === 'string') return this.#pin(this.#exports.__newString(value as string));
    if (type === 'ArrayBuffer')
      return this.#pin(this.#exports.__newArrayBuffer(value as Uint8Array));
    if (type.kind === 'nullable') return this.lower(type.type, value);
    if (type.kind === 'typed')
      return this.#pin(this.#exports.__newArray(type.id, value as ArrayLike<number | bigint>));
    if (type.kind === 'array') {
      const { element, id } = type;
      const values = (value as readonly ScriptValue[]).map((each) => this.lower(element, each));
      return this.#pin(this.#exports.__newArray(id, values));
    }
    const { id, size, fields } = this.#class(type);
    const pointer = this.#pin(this.#exports.__new(size, id));
    fields.forEach((field, at) => {
      const lowered = this.lower(field.type, (value as readonly ScriptValue[])[at] as ScriptValue);
      // Made anew: an allocation may have moved the guest's memory to a larger buffer.
      store(new DataView(this.#exports.memory.buffer), pointer + field.offset, field.type, lowered);
    });
    return pointer;
  }

  /** Gives everything that was lowered back to the guest's collector. */
  unpin(): void {
    for (const pointer of this.#pinned.splice(0)) this.#exports.__unpin(pointer);
  }

  /** A result as JSON has it. Nothing is allocated in the guest, so that nothing moves meanwhile. */
  lift(type: ScriptType, value: number | bigint, options: LiftOptions, depth = 0): unknown {
    if (isNumberType(type)) return this.#number(type, value, options);
    if (type === 'bool') {
      options.spend(5);
      return value !== 0;
    }
    const pointer = Number(value) >>> 0;
    if (typeof type === 'object' && type.kind === 'nullable') {
      if (pointer === 0) options.spend(4);
      return pointer === 0 ? null : this.lift(type.type, pointer, options, depth);
    }
    if (pointer === 0) throw new TypeError('a result is null where its type has no null');
    if (depth > MAX_DEPTH) throw new RangeError(`a result is nested more than ${MAX_DEPTH} deep`);
    if (type === 'string') {
      options.spend(this.#size(pointer) / 2 + 2);
      return this.#exports.__getString(pointer);
    }
    if (type === 'ArrayBuffer') {
      const size = this.#size(pointer);
      options.spend(size);
      return options.bytes(new Uint8Array(this.#exports.memory.buffer, pointer, size));
    }
    if (type.kind === 'typed') {
      // The loader takes what is not there for a view of nothing.
      this.#size(pointer);
      const view = (
        this.#exports[`__get${type.name}View`] as (pointer: number) => ArrayLike<number | bigint>
      )(pointer);
      return Array.from(view, (each) => this.#number(type.element, each, options));
    }
    if (type.kind === 'array') {
      const view = this.#exports.__getArrayView(pointer);
      options.spend(view.length + 2);
      return Array.from(view, (each) => this.lift(type.element, each, options, depth + 1));
    }
    const memory = new DataView(this.#exports.memory.buffer);
    const entries = this.#class(type).fields.map((field) => {
      options.spend(field.name.length + 4);
      return [
        field.name,
        this.lift(field.type, load(memory, pointer + field.offset, field.type), options, depth + 1),
      ] as const;
    });
    return Object.fromEntries(entries);
  }

  #number(type: NumberType, value: number | bigint, { spend }: LiftOptions): unknown {
    spend(4);
    switch (type) {
      case 'f32':
      case 'f64':
        return jsonFloat(Number(value));
      case 'i64':
        return jsonInteger(BigInt.asIntN(64, BigInt(value)));
      case 'u64':
        return jsonInteger(BigInt.asUintN(64, BigInt(value)));
      default: {
        const unused = 32 - byteLength(type) * 8;
        const shifted = Number(value) << unused;
        return type.startsWith('u') ? shifted >>> unused : shifted >> unused;
      }
    }
  }

  #size(pointer: number): number {
    return new DataView(this.#exports.memory.buffer).getUint32(pointer + SIZE_OFFSET, true);
  }

  #pin(pointer: number): number {
    this.#pinned.push(this.#exports.__pin(pointer));
    return pointer >>> 0;
  }

  #class(type: ScriptType): ScriptClass {
    const found =
      typeof type === 'object' && type.kind === 'class'
        ? this.#module.classes.get(type.name)
        : undefined;
    if (found === undefined)
      throw new TypeError('a value of a type that cannot be converted was to be converted');
    return found;
  }
}

function store(memory: DataView, at: number, type: ScriptType, value: number | bigint): void {
  if (type === 'i64' || type === 'u64')
    return memory.setBigUint64(at, BigInt.asUintN(64, value as bigint), true);
  const number = value as number;
  if (type === 'f64') return memory.setFloat64(at, number, true);
  if (type === 'f32') return memory.setFloat32(at, number, true);
  const size = byteLength(type);
  if (size === 1) return memory.setInt8(at, number);
  return size === 2 ? memory.setInt16(at, number, true) : memory.setInt32(at, number, true);
}

function load(memory: DataView, at: number, type: ScriptType): number | bigint {
  if (type === 'i64' || type === 'u64') return memory.getBigUint64(at, true);
  if (type === 'f64') return memory.getFloat64(at, true);
  if (type === 'f32') return memory.getFloat32(at, true);
  const size = byteLength(type);
  if (size === 1) return memory.getUint8(at);
  return size === 2 ? memory.getUint16(at, true) : memory.getUint32(at, true);
}

/** `JSON.rawJSON` (ECMA-262, JSON.parse source text access), which TypeScript's library does not name yet. */
const { rawJSON } = JSON as JSON & { rawJSON(this: void, text: string): object };

/** What `JSON.stringify` writes as `-0`, which it writes as `0` otherwise. */
const NEGATIVE_ZERO = rawJSON('-0');

function jsonFloat(value: number): unknown {
  if (!Number.isFinite(value)) return String(value);
  return Object.is(value, -0) ? NEGATIVE_ZERO : value;
}

/** Beyond 2^53 a string: most readers of JSON would round it. */
function jsonInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
