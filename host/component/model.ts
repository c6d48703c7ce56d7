/**
 * What a component is once it has been read: plain, frozen objects. Guest-chosen names are keys of
 * `Map`s only.
 */
import type {
  CoreExternType,
  CoreModule,
  CoreSubType,
  CustomSection,
  ModuleType,
  Producers,
  Range,
} from './core-model.ts';
import type { ExternName } from './names.ts';
import type {
  ComponentType,
  DefinedType,
  ExternType,
  FuncType,
  InstanceType,
  ValType,
} from './type-model.ts';

export type * from './type-model.ts';

// --- Definitions -----------------------------------------------------------------------------

export type CoreSort =
  | 'func'
  | 'table'
  | 'memory'
  | 'global'
  | 'tag'
  | 'type'
  | 'module'
  | 'instance';
export type Sort = 'func' | 'value' | 'type' | 'component' | 'instance';
/** A sort of either layer; those of core carry the prefix, as in the text format. */
export type AnySort = Sort | `core ${CoreSort}`;

/** A reference into one of the index spaces of the component it stands in. */
export interface SortIndex {
  readonly sort: AnySort;
  readonly index: number;
}

interface Placed {
  /** Byte offset of the definition. */
  readonly offset: number;
}

export interface CoreModuleDefinition extends Placed {
  readonly kind: 'core-module';
  readonly index: number;
  readonly module: EmbeddedModule;
}

export type CoreInstanceInit =
  | {
      readonly kind: 'instantiate';
      readonly module: number;
      readonly args: readonly { readonly name: string; readonly instance: number }[];
    }
  | {
      readonly kind: 'exports';
      readonly exports: readonly {
        readonly name: string;
        readonly sort: CoreSort;
        readonly index: number;
      }[];
    };

export interface CoreInstanceDefinition extends Placed {
  readonly kind: 'core-instance';
  readonly index: number;
  readonly init: CoreInstanceInit;
}

export interface CoreTypeDefinition extends Placed {
  readonly kind: 'core-type';
  readonly index: number;
  readonly type: CoreSubType | ModuleType;
}

export interface ComponentDefinition extends Placed {
  readonly kind: 'component';
  readonly index: number;
  readonly component: Component;
}

export type InstanceInit =
  | {
      readonly kind: 'instantiate';
      readonly component: number;
      readonly args: readonly { readonly name: string; readonly item: SortIndex }[];
    }
  | {
      readonly kind: 'exports';
      readonly exports: readonly { readonly name: string; readonly item: SortIndex }[];
    };

export interface InstanceDefinition extends Placed {
  readonly kind: 'instance';
  readonly index: number;
  readonly init: InstanceInit;
}

export type AliasTarget =
  | { readonly kind: 'export'; readonly instance: number; readonly name: string }
  | { readonly kind: 'core-export'; readonly instance: number; readonly name: string }
  | { readonly kind: 'outer'; readonly count: number; readonly index: number };

export interface AliasDefinition extends Placed {
  readonly kind: 'alias';
  readonly sort: AnySort;
  readonly index: number;
  readonly target: AliasTarget;
}

export interface TypeDefinition extends Placed {
  readonly kind: 'type';
  readonly index: number;
  readonly type: DefinedType;
}

export interface CanonOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  readonly async: boolean;
  readonly callback: number | undefined;
  readonly coreType: number | undefined;
  readonly gc: boolean;
}

type StreamOrFuture = 'stream' | 'future';

/** Binary.md, "Canonical definitions": each makes one core function, `lift` a component one. */
export type CanonOperation =
  | {
      readonly op: 'lift';
      readonly coreFunc: number;
      readonly type: number;
      readonly options: CanonOptions;
    }
  | { readonly op: 'lower'; readonly func: number; readonly options: CanonOptions }
  | { readonly op: 'resource.new' | 'resource.drop' | 'resource.rep'; readonly type: number }
  | {
      readonly op:
        | 'task.cancel'
        | 'subtask.drop'
        | 'error-context.drop'
        | 'waitable-set.new'
        | 'waitable-set.drop'
        | 'waitable.join'
        | 'backpressure.inc'
        | 'backpressure.dec'
        | 'thread.index'
        | 'thread.resume-later'
        | 'thread.available-parallelism';
    }
  | {
      readonly op: 'task.return';
      readonly result: ValType | undefined;
      readonly options: CanonOptions;
    }
  | {
      readonly op: 'context.get' | 'context.set';
      readonly type: 'i32' | 'i64';
      readonly slot: number;
    }
  | { readonly op: 'subtask.cancel'; readonly async: boolean }
  | {
      readonly op: `${StreamOrFuture}.${'new' | 'drop-readable' | 'drop-writable' | 'forward'}`;
      readonly type: number;
    }
  | {
      readonly op: `${StreamOrFuture}.${'read' | 'write'}`;
      readonly type: number;
      readonly options: CanonOptions;
    }
  | {
      readonly op: `${StreamOrFuture}.${'cancel-read' | 'cancel-write'}`;
      readonly type: number;
      readonly async: boolean;
    }
  | {
      readonly op: 'error-context.new' | 'error-context.debug-message';
      readonly options: CanonOptions;
    }
  | {
      readonly op: 'waitable-set.wait' | 'waitable-set.poll';
      readonly memory: number;
      readonly cancellable: boolean;
    }
  | {
      readonly op:
        | 'thread.yield'
        | 'thread.suspend'
        | 'thread.suspend-then-resume'
        | 'thread.yield-then-resume'
        | 'thread.suspend-then-promote'
        | 'thread.yield-then-promote';
      readonly cancellable: boolean;
    }
  | { readonly op: 'thread.spawn-ref'; readonly type: number }
  | {
      readonly op: 'thread.new-indirect' | 'thread.spawn-indirect';
      readonly type: number;
      readonly table: number;
    };

export interface CanonDefinition extends Placed {
  readonly kind: 'canon';
  /** Of `funcs` for `lift`, of `coreFuncs` for all else. */
  readonly index: number;
  readonly operation: CanonOperation;
}

export interface StartDefinition extends Placed {
  readonly kind: 'start';
  readonly func: number;
  readonly args: readonly number[];
  /** Number of values that it adds to the value index space. */
  readonly results: number;
}

/** What newer binaries may say beside a name (Binary.md, `nameopts`). */
export interface NameOptions {
  readonly implements: string | undefined;
  readonly versionSuffix: string | undefined;
  readonly externalId: string | undefined;
}

interface Named {
  /** As in the binary, a version suffix joined on. */
  readonly name: string;
  readonly parsed: ExternName;
  readonly options: NameOptions | undefined;
}

export interface ComponentImport extends Placed, Named {
  readonly kind: 'import';
  readonly sort: AnySort;
  /** In the index space of `sort`. */
  readonly index: number;
  readonly type: ExternType;
}

export interface ComponentExport extends Placed, Named {
  readonly kind: 'export';
  readonly sort: AnySort;
  /** The new index that the export makes in the index space of `sort`. */
  readonly index: number;
  /** What is exported. */
  readonly item: SortIndex;
  readonly type: ExternType;
}

export interface ValueDefinition extends Placed {
  readonly kind: 'value';
  readonly index: number;
  readonly type: ValType;
  /** The encoded value, unread. */
  readonly data: Range;
}

export type Definition =
  | CoreModuleDefinition
  | CoreInstanceDefinition
  | CoreTypeDefinition
  | ComponentDefinition
  | InstanceDefinition
  | AliasDefinition
  | TypeDefinition
  | CanonDefinition
  | StartDefinition
  | ComponentImport
  | ComponentExport
  | ValueDefinition;

// --- Components ------------------------------------------------------------------------------

/** One entry of an index space: what made it, and its type where the layer gives it one. */
export interface Entry<Type> {
  readonly definition: Definition;
  readonly type: Type;
}

/** A core item whose type follows from the canonical ABI rather than from a declaration. */
export interface OpaqueCoreExtern {
  readonly kind: 'opaque';
  readonly sort: CoreSort;
}

/** What a core instance offers, by name. */
export type CoreExports = ReadonlyMap<string, CoreItemType>;

export type CoreItemType = CoreExternType | OpaqueCoreExtern;

export interface IndexSpaces {
  /** `opaque` for functions made by `canon`. */
  readonly coreFuncs: readonly Entry<CoreItemType>[];
  readonly coreTables: readonly Entry<CoreItemType>[];
  readonly coreMemories: readonly Entry<CoreItemType>[];
  readonly coreGlobals: readonly Entry<CoreItemType>[];
  readonly coreTags: readonly Entry<CoreItemType>[];
  readonly coreTypes: readonly Entry<CoreSubType | ModuleType>[];
  readonly coreModules: readonly Entry<ModuleType>[];
  readonly coreInstances: readonly Entry<CoreExports>[];
  readonly funcs: readonly Entry<FuncType>[];
  readonly values: readonly Entry<ValType>[];
  readonly types: readonly Entry<DefinedType>[];
  readonly components: readonly Entry<ComponentType>[];
  readonly instances: readonly Entry<InstanceType>[];
}

export interface EmbeddedModule {
  /** A view of the upload, not a copy. */
  readonly bytes: Uint8Array;
  readonly range: Range;
  readonly module: CoreModule;
}

/** The decoded `component-name` section: names for people, of no meaning. */
export interface ComponentNames {
  readonly component: string | undefined;
  readonly items: ReadonlyMap<AnySort, ReadonlyMap<number, string>>;
}

export interface SectionInfo {
  readonly id: number;
  readonly range: Range;
}

export interface Component {
  readonly kind: 'component';
  /** Of the component's bytes, preamble included. */
  readonly range: Range;
  readonly sections: readonly SectionInfo[];
  /** In the order of the binary, which is the order of instantiation. */
  readonly definitions: readonly Definition[];
  readonly spaces: IndexSpaces;
  readonly imports: readonly ComponentImport[];
  readonly exports: readonly ComponentExport[];
  /** The core modules that stand directly in this component. */
  readonly modules: readonly EmbeddedModule[];
  /** The components that stand directly in this component. */
  readonly components: readonly Component[];
  readonly type: ComponentType;
  readonly names: ComponentNames | undefined;
  readonly producers: Producers | undefined;
  readonly customSections: readonly CustomSection[];
}
