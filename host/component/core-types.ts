/** Decoding of core types (core spec 5.3, with the GC, threads and memory64 proposals). */
import type { Cursor } from './bytes.ts';
import type {
  AbstractHeapType,
  CompositeType,
  CoreFeature,
  CoreFieldType,
  CoreFuncType,
  CoreLimits,
  CoreSubType,
  CoreValType,
  GlobalType,
  MemoryType,
  RefType,
  TableType,
} from './core-model.ts';

const NUMERIC = new Map<number, CoreValType>([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
]);

const HEAP = new Map<number, AbstractHeapType>([
  [0x70, 'func'],
  [0x6f, 'extern'],
  [0x6e, 'any'],
  [0x71, 'none'],
  [0x72, 'noextern'],
  [0x73, 'nofunc'],
  [0x6d, 'eq'],
  [0x6b, 'struct'],
  [0x6a, 'array'],
  [0x6c, 'i31'],
  [0x69, 'exn'],
  [0x74, 'noexn'],
  [0x68, 'cont'],
  [0x75, 'nocont'],
]);

const HEAP_FEATURES: ReadonlyMap<AbstractHeapType, CoreFeature> = new Map<
  AbstractHeapType,
  CoreFeature
>([
  ['any', 'gc'],
  ['none', 'gc'],
  ['noextern', 'gc'],
  ['nofunc', 'gc'],
  ['eq', 'gc'],
  ['struct', 'gc'],
  ['array', 'gc'],
  ['i31', 'gc'],
  ['exn', 'exceptions'],
  ['noexn', 'exceptions'],
  ['cont', 'stack-switching'],
  ['nocont', 'stack-switching'],
]);

/** Reads core types at a cursor, noting the proposals that they belong to. */
export class CoreTypeReader {
  readonly cursor: Cursor;
  readonly features: Set<CoreFeature>;
  /** Type indices must be below this; a group's own types are visible within it. */
  typeCount: number;

  constructor(cursor: Cursor, features: Set<CoreFeature>, typeCount: number) {
    this.cursor = cursor;
    this.features = features;
    this.typeCount = typeCount;
  }

  typeIndex(): number {
    const start = this.cursor.pos;
    return this.checkType(this.cursor.u32(), start);
  }

  private checkType(index: number, offset: number): number {
    if (index >= this.typeCount) {
      throw this.cursor.invalid(
        `core type ${index} does not exist (there are ${this.typeCount})`,
        offset,
      );
    }
    return index;
  }

  valType(): CoreValType {
    const numeric = NUMERIC.get(this.cursor.peek());
    if (numeric === undefined) return this.refType();
    this.cursor.pos++;
    if (numeric === 'v128') this.features.add('simd');
    return numeric;
  }

  refType(): RefType {
    const byte = this.cursor.peek();
    if (byte !== 0x63 && byte !== 0x64) return this.abstractRef(true);
    this.cursor.pos++;
    this.features.add('typed-references');
    const start = this.cursor.pos;
    const next = this.cursor.peek();
    if (next === 0x65 || HEAP.has(next)) return this.abstractRef(byte === 0x63);
    const index = this.cursor.s33();
    if (index < 0) throw this.cursor.malformed('unknown heap type', start);
    return Object.freeze({
      kind: 'ref',
      nullable: byte === 0x63,
      shared: false,
      heap: this.checkType(index, start),
    });
  }

  private abstractRef(nullable: boolean): RefType {
    const shared = this.cursor.peek() === 0x65;
    if (shared) {
      this.cursor.pos++;
      this.features.add('shared-everything');
    }
    const code = this.cursor.byte();
    const heap = HEAP.get(code);
    if (heap === undefined) throw this.cursor.unexpected(code, 'a core value type');
    const feature = HEAP_FEATURES.get(heap);
    if (feature !== undefined) this.features.add(feature);
    return Object.freeze({ kind: 'ref', nullable, shared, heap });
  }

  /** A type of the type section: one, or a group of types that may refer to one another. */
  recGroup(add: (type: CoreSubType) => void): void {
    const { cursor } = this;
    if (cursor.peek() !== 0x4e) {
      cursor.budget.spend('coreTypes', 1, cursor.pos);
      this.typeCount++;
      add(this.subType());
      return;
    }
    cursor.pos++;
    this.features.add('gc');
    const count = cursor.count('types of a group', cursor.budget.left('coreTypes'));
    cursor.budget.spend('coreTypes', count, cursor.pos);
    this.typeCount += count;
    for (let i = 0; i < count; i++) add(this.subType());
  }

  private subType(): CoreSubType {
    const { cursor } = this;
    const code = cursor.peek();
    if (code !== 0x4f && code !== 0x50) {
      return Object.freeze({
        kind: 'sub',
        final: true,
        supertypes: Object.freeze([]),
        ...this.composite(),
      });
    }
    cursor.pos++;
    this.features.add('gc');
    const supertypes: number[] = [];
    const count = cursor.count('supertypes', 5);
    for (let i = 0; i < count; i++) supertypes.push(this.typeIndex());
    return Object.freeze({
      kind: 'sub',
      final: code === 0x4f,
      supertypes: Object.freeze(supertypes),
      ...this.composite(),
    });
  }

  private composite(): { shared: boolean; composite: CompositeType } {
    const { cursor } = this;
    const shared = cursor.peek() === 0x65;
    if (shared) {
      cursor.pos++;
      this.features.add('shared-everything');
    }
    const code = cursor.byte();
    switch (code) {
      case 0x60:
        return { shared, composite: this.funcBody() };
      case 0x5f: {
        this.features.add('gc');
        const fields: CoreFieldType[] = [];
        const count = cursor.count('fields of a struct', cursor.budget.limits.members, 2);
        cursor.budget.spend('allMembers', count, cursor.pos);
        for (let i = 0; i < count; i++) fields.push(this.fieldType());
        return {
          shared,
          composite: Object.freeze({ kind: 'struct', fields: Object.freeze(fields) }),
        };
      }
      case 0x5e:
        this.features.add('gc');
        return { shared, composite: Object.freeze({ kind: 'array', field: this.fieldType() }) };
      case 0x5d: {
        this.features.add('stack-switching');
        const start = cursor.pos;
        const index = cursor.s33();
        if (index < 0) throw cursor.malformed('continuation of no type', start);
        return {
          shared,
          composite: Object.freeze({ kind: 'cont', type: this.checkType(index, start) }),
        };
      }
      default:
        throw cursor.unexpected(code, 'a core type');
    }
  }

  private funcBody(): CoreFuncType {
    return Object.freeze({
      kind: 'func',
      params: this.valTypes('parameters'),
      results: this.valTypes('results'),
    });
  }

  private valTypes(what: string): readonly CoreValType[] {
    const types: CoreValType[] = [];
    const count = this.cursor.count(what, this.cursor.budget.limits.parameters);
    this.cursor.budget.spend('allMembers', count, this.cursor.pos);
    for (let i = 0; i < count; i++) types.push(this.valType());
    return Object.freeze(types);
  }

  private fieldType(): CoreFieldType {
    const code = this.cursor.peek();
    const packed = code === 0x78 ? 'i8' : code === 0x77 ? 'i16' : undefined;
    if (packed !== undefined) this.cursor.pos++;
    const type = packed ?? this.valType();
    return Object.freeze({ type, mutable: this.cursor.flag('mutability') });
  }

  tableType(): TableType {
    const element = this.refType();
    const limits = this.limits(0b111, 'table');
    if (limits.is64) this.features.add('table64');
    if (limits.shared) this.features.add('shared-everything');
    return Object.freeze({ kind: 'table', element, ...limits });
  }

  memoryType(): MemoryType {
    const { cursor } = this;
    const start = cursor.pos;
    const custom = (cursor.peek() & 0b1000) !== 0;
    const limits = this.limits(0b1111, 'memory');
    if (limits.is64) this.features.add('memory64');
    if (limits.shared) this.features.add('threads');
    let pageSizeLog2 = 16;
    if (custom) {
      this.features.add('custom-page-sizes');
      pageSizeLog2 = cursor.u32();
      if (pageSizeLog2 !== 0 && pageSizeLog2 !== 16)
        throw cursor.invalid('page size is neither 1 nor 64 KiB', start);
    }
    const most = (limits.is64 ? 1n << 64n : 1n << 32n) >> BigInt(pageSizeLog2);
    if (limits.minimum > most || (limits.maximum ?? 0n) > most) {
      throw cursor.invalid(`memory larger than its ${most} addressable pages`, start);
    }
    if (limits.shared && limits.maximum === undefined)
      throw cursor.invalid('shared memory without a maximum', start);
    return Object.freeze({ kind: 'memory', ...limits, pageSizeLog2 });
  }

  private limits(mask: number, what: string): CoreLimits {
    const { cursor } = this;
    const start = cursor.pos;
    const flags = cursor.byte();
    if ((flags & ~mask) !== 0) throw cursor.unexpected(flags, `limits of a ${what}`);
    const is64 = (flags & 0b100) !== 0;
    const minimum = is64 ? cursor.u64() : BigInt(cursor.u32());
    const maximum = (flags & 1) === 0 ? undefined : is64 ? cursor.u64() : BigInt(cursor.u32());
    if (maximum !== undefined && maximum < minimum)
      throw cursor.invalid(`${what} with a maximum below its minimum`, start);
    return { minimum, maximum, shared: (flags & 0b10) !== 0, is64 };
  }

  globalType(): GlobalType {
    const type = this.valType();
    const flags = this.cursor.byte();
    if (flags > 0b11) throw this.cursor.unexpected(flags, 'mutability');
    const shared = (flags & 0b10) !== 0;
    if (shared) this.features.add('shared-everything');
    return Object.freeze({ kind: 'global', type, mutable: (flags & 1) !== 0, shared });
  }
}
