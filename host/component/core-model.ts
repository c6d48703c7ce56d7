/** What a core module is once it has been read, and the types of the core layer. */

/** Bytes of the upload, `end` exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface CustomSection {
  readonly name: string;
  /** The contents, without the name. */
  readonly range: Range;
  /** A view of the upload, not a copy. */
  readonly bytes: Uint8Array;
}

/** One field of a `producers` section, such as `language`, `processed-by` or `sdk`. */
export interface ProducersField {
  readonly field: string;
  readonly values: readonly { readonly name: string; readonly version: string }[];
}

export type Producers = readonly ProducersField[];

export type CoreExternKind = 'func' | 'table' | 'memory' | 'global' | 'tag';

export type AbstractHeapType =
  | 'func'
  | 'extern'
  | 'any'
  | 'none'
  | 'noextern'
  | 'nofunc'
  | 'eq'
  | 'struct'
  | 'array'
  | 'i31'
  | 'exn'
  | 'noexn'
  | 'cont'
  | 'nocont';

export interface RefType {
  readonly kind: 'ref';
  readonly nullable: boolean;
  readonly shared: boolean;
  /** An abstract heap type, or a type index of the module. */
  readonly heap: AbstractHeapType | number;
}

export type CoreValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | RefType;

export interface CoreFuncType {
  readonly kind: 'func';
  readonly params: readonly CoreValType[];
  readonly results: readonly CoreValType[];
}

export interface CoreFieldType {
  readonly type: CoreValType | 'i8' | 'i16';
  readonly mutable: boolean;
}

export type CompositeType =
  | CoreFuncType
  | { readonly kind: 'struct'; readonly fields: readonly CoreFieldType[] }
  | { readonly kind: 'array'; readonly field: CoreFieldType }
  | { readonly kind: 'cont'; readonly type: number };

export interface CoreSubType {
  readonly kind: 'sub';
  readonly final: boolean;
  readonly supertypes: readonly number[];
  readonly shared: boolean;
  readonly composite: CompositeType;
}

export interface CoreLimits {
  /** Pages of a memory, elements of a table. */
  readonly minimum: bigint;
  readonly maximum: bigint | undefined;
  readonly shared: boolean;
  /** Addresses are 64 bits wide. */
  readonly is64: boolean;
}

export interface MemoryType extends CoreLimits {
  readonly kind: 'memory';
  /** log2 of the bytes of a page: 16 unless the module chooses. */
  readonly pageSizeLog2: number;
}

export interface TableType extends CoreLimits {
  readonly kind: 'table';
  readonly element: RefType;
}

export interface GlobalType {
  readonly kind: 'global';
  readonly type: CoreValType;
  readonly mutable: boolean;
  readonly shared: boolean;
}

export interface TagType {
  readonly kind: 'tag';
  readonly type: CoreFuncType;
}

export type CoreExternType = CoreFuncType | MemoryType | TableType | GlobalType | TagType;

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly type: CoreExternType;
}

export interface CoreExport {
  readonly name: string;
  readonly type: CoreExternType;
}

/** The type of a core module, declared or taken from a module's bytes. */
export interface ModuleType {
  readonly kind: 'module';
  readonly imports: readonly CoreImport[];
  readonly exports: ReadonlyMap<string, CoreExternType>;
}

/** Proposals that show in what is read here (bodies of functions are not read). */
export type CoreFeature =
  | 'gc'
  | 'typed-references'
  | 'exceptions'
  | 'threads'
  | 'shared-everything'
  | 'memory64'
  | 'table64'
  | 'multi-memory'
  | 'custom-page-sizes'
  | 'simd'
  | 'stack-switching'
  | 'compact-imports'
  | 'extended-const';

export interface CoreSection {
  readonly id: number;
  readonly range: Range;
}

export interface CoreModule {
  readonly kind: 'core-module';
  readonly range: Range;
  readonly type: ModuleType;
  readonly imports: readonly CoreImport[];
  /** In the order of the binary; `index` is in the index space of the type's kind. */
  readonly exports: readonly (CoreExport & { readonly index: number })[];
  /** Types, in index order. */
  readonly types: readonly CoreSubType[];
  /** Imported ones first, in index order, as everywhere below. */
  readonly memories: readonly MemoryType[];
  readonly tables: readonly TableType[];
  readonly globals: readonly GlobalType[];
  readonly tags: readonly TagType[];
  /** Type index of each function, imported ones first. */
  readonly functions: Uint32Array;
  readonly importedFunctions: number;
  readonly start: number | undefined;
  readonly elementSegments: number;
  readonly dataSegments: number;
  /** Bytes of all data segments together. */
  readonly dataBytes: number;
  readonly features: ReadonlySet<CoreFeature>;
  readonly sections: readonly CoreSection[];
  readonly customSections: readonly CustomSection[];
  /** From the `name` section. */
  readonly name: string | undefined;
  readonly producers: Producers | undefined;
}
