/**
 * The types of components, resolved: a graph with shared nodes, at most `ReadLimits.depth` deep and
 * `ReadLimits.typeSize` nodes large when written out as a tree.
 */
import type { ModuleType } from './core-model.ts';

export type PrimitiveKind =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string'
  | 'error-context';

export interface PrimitiveType {
  readonly kind: PrimitiveKind;
}

export interface Field {
  readonly name: string;
  readonly type: ValType;
}

export interface Case {
  readonly name: string;
  readonly type: ValType | undefined;
}

export type ValType =
  | PrimitiveType
  | { readonly kind: 'record'; readonly fields: readonly Field[] }
  | { readonly kind: 'variant'; readonly cases: readonly Case[] }
  | { readonly kind: 'list'; readonly element: ValType }
  | { readonly kind: 'fixed-list'; readonly element: ValType; readonly length: number }
  | { readonly kind: 'map'; readonly key: ValType; readonly value: ValType }
  | { readonly kind: 'tuple'; readonly elements: readonly ValType[] }
  | { readonly kind: 'flags'; readonly labels: readonly string[] }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'option'; readonly value: ValType }
  | { readonly kind: 'result'; readonly ok: ValType | undefined; readonly err: ValType | undefined }
  | { readonly kind: 'own'; readonly resource: ResourceType }
  | { readonly kind: 'borrow'; readonly resource: ResourceType }
  | { readonly kind: 'stream'; readonly element: ValType | undefined }
  | { readonly kind: 'future'; readonly element: ValType | undefined };

/**
 * A resource type. Two are the same if and only if they are the same object: aliases and `eq`
 * bounds share it, every import and every instantiation makes its own.
 */
export interface ResourceType {
  readonly kind: 'resource';
  /** Unique within one reading. */
  readonly id: number;
  /**
   * `import`: of the component that imports it. `local`: defined by a component itself.
   * `instance`: made by instantiating a component. `declared`: bound in a type, and replaced
   * wherever that type is used.
   */
  readonly origin: 'import' | 'local' | 'instance' | 'declared';
  /** The name under which it was first imported, exported or declared, for people. */
  readonly name: string | undefined;
  /** The import or export that brought it, such as `wasi:io/poll@0.2.6`, for people. */
  readonly owner: string | undefined;
  /** Core function index of the destructor in the defining component. */
  readonly destructor: number | undefined;
}

export interface FuncType {
  readonly kind: 'func';
  readonly async: boolean;
  readonly params: readonly Field[];
  readonly result: ValType | undefined;
}

export interface InstanceType {
  readonly kind: 'instance';
  /** In the order of the binary. */
  readonly exports: ReadonlyMap<string, ExternType>;
  /** Resources that are new in every instance of this type. */
  readonly resources: readonly ResourceType[];
}

export interface ComponentType {
  readonly kind: 'component';
  readonly imports: ReadonlyMap<string, ExternType>;
  readonly exports: ReadonlyMap<string, ExternType>;
  /** Resources that an instantiation supplies. */
  readonly importedResources: readonly ResourceType[];
  /** Resources that are new in every instance. */
  readonly resources: readonly ResourceType[];
}

/** What a component's type index space holds. */
export type DefinedType = ValType | ResourceType | FuncType | InstanceType | ComponentType;

/** A type as an import or export: equal to a known one, or a new resource. */
export interface TypeBound {
  readonly kind: 'type';
  readonly bound: 'eq' | 'sub';
  readonly type: DefinedType;
}

export interface ValueExtern {
  readonly kind: 'value';
  readonly type: ValType;
}

/** The type of an import or export. */
export type ExternType =
  | FuncType
  | InstanceType
  | ComponentType
  | ModuleType
  | TypeBound
  | ValueExtern;
