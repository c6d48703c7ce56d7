import type { Budget } from './budget.ts';
import { ComponentError, quote } from './errors.ts';
import type {
  ComponentType,
  DefinedType,
  ExternType,
  FuncType,
  InstanceType,
  ResourceType,
  ValType,
} from './model.ts';

/** What is known of a type node, so that nothing has to walk it to find out. */
export interface Facts {
  /** Nodes of the type written out as a tree. */
  readonly size: number;
  readonly depth: number;
  /** Mentions a resource. */
  readonly handles: boolean;
  /** Mentions a `borrow`. */
  readonly borrow: boolean;
}

type Node = ValType | ResourceType | FuncType | InstanceType | ComponentType | ExternType;

const LEAF: Facts = { size: 1, depth: 1, handles: false, borrow: false };

/** A renaming of resources. */
export type ResourceMap = ReadonlyMap<ResourceType, ResourceType>;

/**
 * The types of one upload. Nodes are made here and only here, frozen, with their facts; a node
 * larger or deeper than the limits is refused when it is made, so that a small upload cannot
 * describe a type that takes forever to walk.
 */
export class TypeGraph {
  readonly budget: Budget;
  private readonly known = new WeakMap<object, Facts>();
  private readonly unsealed: ResourceType[] = [];

  constructor(budget: Budget) {
    this.budget = budget;
  }

  facts(node: Node): Facts {
    return this.known.get(node) ?? LEAF;
  }

  /** Freezes a node whose children are known, and records its facts. */
  add<T extends Node>(node: T, offset: number): T {
    let size = 1;
    let depth = 0;
    let handles = node.kind === 'resource' || node.kind === 'own' || node.kind === 'borrow';
    let borrow = node.kind === 'borrow';
    for (const child of children(node)) {
      const facts = this.facts(child);
      size += facts.size;
      depth = Math.max(depth, facts.depth);
      handles ||= facts.handles;
      borrow ||= facts.borrow;
    }
    const { limits } = this.budget;
    if (size > limits.typeSize)
      throw tooMuch(`type of ${size} nodes exceeds the limit of ${limits.typeSize}`, offset);
    if (depth + 1 > limits.depth)
      throw tooMuch(`type nests deeper than the limit of ${limits.depth}`, offset);
    this.known.set(node, { size, depth: depth + 1, handles, borrow });
    return node.kind === 'resource' ? node : Object.freeze(node);
  }

  resource(parts: Omit<ResourceType, 'kind' | 'id'>, offset: number): ResourceType {
    const resource = this.add<ResourceType>(
      { kind: 'resource', id: this.budget.nextResource(), ...parts },
      offset,
    );
    this.unsealed.push(resource);
    return resource;
  }

  /** Names what an export brings and had no name, as a component's own resources get theirs there. */
  nameExported(exported: string, type: ExternType, offset: number): void {
    if (type.kind === 'type') setName(type, exported, undefined);
    if (type.kind !== 'instance') return;
    this.budget.spend('typeWork', type.exports.size, offset);
    for (const [name, inner] of type.exports) {
      if (inner.kind === 'type') setName(inner, name, exported);
    }
  }

  /** Freezes the resources, once no export can name one any more. */
  seal(): void {
    for (const resource of this.unsealed) Object.freeze(resource);
  }

  /** An instance type with its own resources made anew by `fresh`, for one use of that type. */
  freshen(
    type: InstanceType,
    fresh: (old: ResourceType) => ResourceType,
    offset: number,
  ): InstanceType {
    if (type.resources.length === 0) return type;
    this.budget.spend('typeWork', type.resources.length, offset);
    const map = new Map<ResourceType, ResourceType>();
    for (const resource of type.resources) map.set(resource, fresh(resource));
    const exports = this.substituteExterns(type.exports, map, new Map(), offset);
    return this.add({ kind: 'instance', exports, resources: Object.freeze([]) }, offset);
  }

  /** The instance that a component type gives where its imported resources are those of `map`. */
  instantiate(type: ComponentType, map: ResourceMap, offset: number): InstanceType {
    const exports = this.substituteExterns(type.exports, map, new Map(), offset);
    return this.add({ kind: 'instance', exports, resources: Object.freeze([]) }, offset);
  }

  /** The type with its resources renamed. */
  substituteExtern(type: ExternType, map: ResourceMap, offset: number): ExternType {
    return this.substitute(type, map, new Map(), offset);
  }

  /**
   * Finds which resources of `have` stand for the unknown ones of `want`, by name, and notes them
   * in `map`. Names and kinds must agree; full subtyping is left to the binder's engine.
   */
  match(
    want: ExternType,
    have: ExternType,
    map: Map<ResourceType, ResourceType>,
    what: string,
    offset: number,
  ): void {
    this.budget.spend('typeWork', 1, offset);
    if (want.kind !== have.kind)
      throw mismatch(`${what} is a ${have.kind} where a ${want.kind} is wanted`, offset);
    if (want.kind === 'type' && have.kind === 'type') {
      if (want.bound === 'eq') return;
      if (want.type.kind !== 'resource' || have.type.kind !== 'resource') {
        throw mismatch(`${what} is not a resource type`, offset);
      }
      map.set(want.type, have.type);
    } else if (want.kind === 'instance' && have.kind === 'instance') {
      for (const [name, wanted] of want.exports) {
        const found = have.exports.get(name);
        if (found === undefined) throw mismatch(`${what} has no export ${quote(name)}`, offset);
        this.match(wanted, found, map, `${quote(name)} of ${what}`, offset);
      }
    }
  }

  /** Whether the type mentions a resource that it does not bind itself. */
  hasFreeResource(node: Node, offset: number): boolean {
    const bound = new Set<ResourceType>();
    const seen = new Set<Node>();
    const mentioned: ResourceType[] = [];
    const pending: Node[] = [node];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (!this.facts(next).handles || seen.has(next)) continue;
      seen.add(next);
      this.budget.spend('typeWork', 1, offset);
      if (next.kind === 'resource') mentioned.push(next);
      else if (next.kind === 'own' || next.kind === 'borrow') mentioned.push(next.resource);
      if (next.kind === 'instance' || next.kind === 'component') {
        for (const resource of next.resources) bound.add(resource);
      }
      if (next.kind === 'component')
        for (const resource of next.importedResources) bound.add(resource);
      for (const child of children(next)) pending.push(child);
    }
    return mentioned.some((resource) => !bound.has(resource));
  }

  private substituteExterns(
    externs: ReadonlyMap<string, ExternType>,
    map: ResourceMap,
    done: Map<Node, Node>,
    offset: number,
  ): ReadonlyMap<string, ExternType> {
    this.budget.spend('typeWork', externs.size, offset);
    const result = new Map<string, ExternType>();
    for (const [name, type] of externs) result.set(name, this.substitute(type, map, done, offset));
    return result;
  }

  /* oxlint-disable typescript/no-unsafe-type-assertion -- a copy is of the kind of its original */
  /** Copies only what mentions a resource, and each shared node once. */
  private substitute<T extends Node>(
    node: T,
    map: ResourceMap,
    done: Map<Node, Node>,
    offset: number,
  ): T {
    if (!this.facts(node).handles) return node;
    if (node.kind === 'resource') return (map.get(node) ?? node) as T;
    const before = done.get(node);
    if (before !== undefined) return before as T;
    this.budget.spend('typeWork', 1, offset);
    const copy = this.add(this.rebuild(node, map, done, offset), offset) as T;
    done.set(node, copy);
    return copy;
  }

  /* oxlint-enable typescript/no-unsafe-type-assertion */

  private rebuild(
    node: Exclude<Node, ResourceType>,
    map: ResourceMap,
    done: Map<Node, Node>,
    offset: number,
  ): Node {
    const go = <N extends Node>(child: N): N => this.substitute(child, map, done, offset);
    const maybe = <N extends Node>(child: N | undefined): N | undefined =>
      child === undefined ? undefined : go(child);
    const list = <I extends { readonly type: ValType | undefined }>(
      items: readonly I[],
    ): readonly I[] => {
      this.budget.spend('typeWork', items.length, offset);
      return Object.freeze(items.map((item) => Object.freeze({ ...item, type: maybe(item.type) })));
    };
    switch (node.kind) {
      case 'record':
        return { ...node, fields: list(node.fields) };
      case 'variant':
        return { ...node, cases: list(node.cases) };
      case 'list':
      case 'fixed-list':
        return { ...node, element: go(node.element) };
      case 'map':
        return { ...node, key: go(node.key), value: go(node.value) };
      case 'tuple':
        this.budget.spend('typeWork', node.elements.length, offset);
        return { ...node, elements: Object.freeze(node.elements.map(go)) };
      case 'option':
        return { ...node, value: go(node.value) };
      case 'result':
        return { ...node, ok: maybe(node.ok), err: maybe(node.err) };
      case 'own':
      case 'borrow':
        return { ...node, resource: go(node.resource) };
      case 'stream':
      case 'future':
        return { ...node, element: maybe(node.element) };
      case 'func':
        return { ...node, params: list(node.params), result: maybe(node.result) };
      case 'instance':
        return { ...node, exports: this.substituteExterns(node.exports, map, done, offset) };
      case 'component':
        return {
          ...node,
          imports: this.substituteExterns(node.imports, map, done, offset),
          exports: this.substituteExterns(node.exports, map, done, offset),
        };
      case 'type':
        return { ...node, type: go(node.type) };
      case 'value':
        return { ...node, type: go(node.type) };
      default:
        return node;
    }
  }
}

function setName(
  bound: ExternType & { kind: 'type' },
  name: string,
  owner: string | undefined,
): void {
  const { type } = bound;
  if (type.kind !== 'resource' || type.name !== undefined) return;
  const open: { -readonly [key in keyof ResourceType]: ResourceType[key] } = type;
  open.name = name;
  open.owner = owner;
}

function* children(node: Node): Generator<Node> {
  switch (node.kind) {
    case 'record':
      for (const field of node.fields) yield field.type;
      return;
    case 'variant':
      for (const { type } of node.cases) if (type !== undefined) yield type;
      return;
    case 'list':
    case 'fixed-list':
      yield node.element;
      return;
    case 'map':
      yield node.key;
      yield node.value;
      return;
    case 'tuple':
      yield* node.elements;
      return;
    case 'option':
      yield node.value;
      return;
    case 'result':
      if (node.ok !== undefined) yield node.ok;
      if (node.err !== undefined) yield node.err;
      return;
    case 'stream':
    case 'future':
      if (node.element !== undefined) yield node.element;
      return;
    case 'func':
      for (const param of node.params) yield param.type;
      if (node.result !== undefined) yield node.result;
      return;
    case 'component':
      yield* node.imports.values();
      yield* node.exports.values();
      return;
    case 'instance':
      yield* node.exports.values();
      return;
    case 'type':
    case 'value':
      yield node.type;
      return;
    default:
      return;
  }
}

function tooMuch(message: string, offset: number): ComponentError {
  return new ComponentError({ code: 'limit-exceeded', message, offset });
}

function mismatch(message: string, offset: number): ComponentError {
  return new ComponentError({ code: 'invalid-component', message, offset });
}

/** Whether an entry of the type index space is a value type. */
export function isValType(type: DefinedType): type is ValType {
  return (
    type.kind !== 'resource' &&
    type.kind !== 'func' &&
    type.kind !== 'instance' &&
    type.kind !== 'component'
  );
}
