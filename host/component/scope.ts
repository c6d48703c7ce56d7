import type { Cursor } from './bytes.ts';
import type { CoreSubType, ModuleType } from './core-model.ts';
import { quote } from './errors.ts';
import type {
  AnySort,
  ComponentType,
  CoreExports,
  CoreItemType,
  DefinedType,
  Definition,
  Entry,
  ExternType,
  FuncType,
  InstanceType,
  ResourceType,
  ValType,
} from './model.ts';
import { clashKey, squash, tryParseExternName } from './names.ts';
import type { ExternName } from './names.ts';
import type { TypeGraph } from './type-graph.ts';

/** The index spaces while they are being filled: by sort, in the order of the binary. */
export interface OpenSpaces {
  readonly 'core func': Entry<CoreItemType>[];
  readonly 'core table': Entry<CoreItemType>[];
  readonly 'core memory': Entry<CoreItemType>[];
  readonly 'core global': Entry<CoreItemType>[];
  readonly 'core tag': Entry<CoreItemType>[];
  readonly 'core type': Entry<CoreSubType | ModuleType>[];
  readonly 'core module': Entry<ModuleType>[];
  readonly 'core instance': Entry<CoreExports>[];
  readonly func: Entry<FuncType>[];
  readonly value: Entry<ValType>[];
  readonly type: Entry<DefinedType>[];
  readonly component: Entry<ComponentType>[];
  readonly instance: Entry<InstanceType>[];
}

/**
 * Names of one side (imports or exports) of a component or type: unique, and with annotations that
 * fit what they name (Explainer.md, "Import and Export Definitions").
 */
export class NameSpace {
  readonly types = new Map<string, ExternType>();
  private readonly clashes = new Map<string, string>();
  private readonly resources = new Map<string, ResourceType>();
  private readonly side: 'import' | 'export';

  constructor(side: 'import' | 'export') {
    this.side = side;
  }

  /** Checks and takes a name before its type is known. */
  claim(name: string, cursor: Cursor, offset: number): ExternName {
    const parsed = tryParseExternName(name);
    if (parsed === undefined) {
      throw cursor.error(
        'invalid-name',
        `${quote(name)} is not the name of an ${this.side}`,
        offset,
      );
    }
    const key = clashKey(name, parsed);
    const other = this.clashes.get(key);
    if (other !== undefined) {
      throw cursor.invalid(`${this.side} ${quote(name)} clashes with ${quote(other)}`, offset);
    }
    this.clashes.set(key, name);
    return parsed;
  }

  set(name: string, parsed: ExternName, type: ExternType, cursor: Cursor, offset: number): void {
    if (parsed.kind === 'constructor' || parsed.kind === 'method' || parsed.kind === 'static') {
      this.checkMember(name, parsed, type, cursor, offset);
    } else if (parsed.kind === 'plain' && type.kind === 'type' && type.type.kind === 'resource') {
      this.resources.set(squash(parsed.name), type.type);
    }
    this.types.set(name, type);
  }

  private checkMember(
    name: string,
    parsed: Extract<ExternName, { kind: 'constructor' | 'method' | 'static' }>,
    type: ExternType,
    cursor: Cursor,
    offset: number,
  ): void {
    const fail = (why: string): never => {
      throw cursor.invalid(`${this.side} ${quote(name)} ${why}`, offset);
    };
    if (type.kind !== 'func') return fail('is not a function');
    const resource = this.resources.get(squash(parsed.resource));
    if (resource === undefined)
      return fail(`names the resource ${quote(parsed.resource)}, which is not there`);
    if (parsed.kind === 'method') {
      const self = type.params[0];
      if (self?.name !== 'self' || self.type.kind !== 'borrow' || self.type.resource !== resource) {
        fail('does not take self: borrow of its resource first');
      }
    } else if (parsed.kind === 'constructor') {
      const { result } = type;
      const made = result?.kind === 'result' ? result.ok : result;
      if (made?.kind !== 'own' || made.resource !== resource) fail('does not return its resource');
    }
  }
}

export type ScopeKind = 'component' | 'component-type' | 'instance-type';

/** A component, component type or instance type whose definitions are being read. */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | undefined;
  readonly graph: TypeGraph;
  readonly spaces: OpenSpaces;
  readonly imports = new NameSpace('import');
  readonly exports = new NameSpace('export');
  readonly importedResources: ResourceType[] = [];
  readonly resources: ResourceType[] = [];
  /** Resources that `resource.new` and `resource.rep` may name: those defined right here. */
  readonly local = new Set<ResourceType>();

  constructor(kind: ScopeKind, parent: Scope | undefined, graph: TypeGraph, cursor: Cursor) {
    this.kind = kind;
    this.parent = parent;
    this.graph = graph;
    this.spaces = emptySpaces();
    const { depth } = graph.budget.limits;
    let nested = 0;
    for (let scope = parent; scope !== undefined; scope = scope.parent) nested++;
    if (nested >= depth) {
      throw cursor.error(
        'limit-exceeded',
        `components and types nest deeper than the limit of ${depth}`,
      );
    }
  }

  /** Adds to an index space and returns the index. */
  push<S extends keyof OpenSpaces>(sort: S, entry: OpenSpaces[S][number]): number {
    const space = this.spaces[sort] as OpenSpaces[S][number][];
    Object.freeze(entry);
    space.push(entry);
    return space.length - 1;
  }

  /** Reads an index and what it stands for. */
  read<S extends keyof OpenSpaces>(
    sort: S,
    cursor: Cursor,
  ): { index: number; type: OpenSpaces[S][number]['type'] } {
    const offset = cursor.pos;
    const index = cursor.u32();
    return { index, type: this.at(sort, index, cursor, offset) };
  }

  at<S extends keyof OpenSpaces>(
    sort: S,
    index: number,
    cursor: Cursor,
    offset: number,
  ): OpenSpaces[S][number]['type'] {
    const space = this.spaces[sort];
    const entry = space[index];
    if (entry === undefined) {
      throw cursor.invalid(`${sort} ${index} does not exist (there are ${space.length})`, offset);
    }
    return entry.type;
  }

  /** What an index of the type index space stands for, where it must be a certain kind of type. */
  typeOf<K extends 'func' | 'instance' | 'component' | 'resource'>(
    kind: K,
    cursor: Cursor,
  ): Extract<DefinedType, { kind: K }> {
    const offset = cursor.pos;
    const { index, type } = this.read('type', cursor);
    if (type.kind !== kind) {
      throw cursor.invalid(`type ${index} is a ${type.kind} where a ${kind} is wanted`, offset);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the kind was just compared
    return type as Extract<DefinedType, { kind: K }>;
  }

  /** Gives an imported or exported item its index. */
  pushExtern(type: ExternType, definition: Definition): number {
    switch (type.kind) {
      case 'func':
        return this.push('func', { definition, type });
      case 'instance':
        return this.push('instance', { definition, type });
      case 'component':
        return this.push('component', { definition, type });
      case 'module':
        return this.push('core module', { definition, type });
      case 'type':
        return this.push('type', { definition, type: type.type });
      case 'value':
        break;
    }
    return this.push('value', { definition, type: type.type });
  }

  /** The index that the next item of the sort will have. */
  next(sort: AnySort): number {
    return this.spaces[sort].length;
  }
}

function emptySpaces(): OpenSpaces {
  return {
    'core func': [],
    'core table': [],
    'core memory': [],
    'core global': [],
    'core tag': [],
    'core type': [],
    'core module': [],
    'core instance': [],
    func: [],
    value: [],
    type: [],
    component: [],
    instance: [],
  };
}

/** The sort of an import or export by its type. */
export function sortOf(type: ExternType): AnySort {
  return type.kind === 'module' ? 'core module' : type.kind;
}
