/** Core and component instances (Binary.md, "Instance Definitions"). */
import type { Cursor } from './bytes.ts';
import { quote } from './errors.ts';
import { readExternName } from './externs.ts';
import type {
  ComponentType,
  CoreInstanceDefinition,
  CoreInstanceInit,
  CoreItemType,
  ExternType,
  InstanceDefinition,
  InstanceInit,
  InstanceType,
  ResourceType,
  SortIndex,
} from './model.ts';
import { NameSpace } from './scope.ts';
import type { Scope } from './scope.ts';
import { readCoreSort, readItem } from './sorts.ts';

export function readCoreInstance(cursor: Cursor, scope: Scope): CoreInstanceDefinition {
  const offset = cursor.pos;
  cursor.budget.spend('instances', 1, offset);
  const code = cursor.byte();
  if (code > 1) throw cursor.unexpected(code, 'a core instance');
  const { init, exports } = code === 0 ? coreInstantiate(cursor, scope) : coreBag(cursor, scope);
  const definition: CoreInstanceDefinition = Object.freeze({
    kind: 'core-instance',
    index: scope.next('core instance'),
    init: Object.freeze(init),
    offset,
  });
  scope.push('core instance', { definition, type: exports });
  return definition;
}

interface CoreMade {
  readonly init: CoreInstanceInit;
  readonly exports: ReadonlyMap<string, CoreItemType>;
}

function coreInstantiate(cursor: Cursor, scope: Scope): CoreMade {
  const begin = cursor.pos;
  const { index: module, type } = scope.read('core module', cursor);
  const args: { name: string; instance: number }[] = [];
  const given = new Map<string, ReadonlyMap<string, CoreItemType>>();
  const count = countArguments(cursor, 'arguments');
  for (let i = 0; i < count; i++) {
    const offset = cursor.pos;
    const name = cursor.name('name of an argument');
    const sort = cursor.byte();
    if (sort !== 0x12) throw cursor.unexpected(sort, 'the sort of a core argument');
    const { index: instance, type: exports } = scope.read('core instance', cursor);
    if (given.has(name)) throw cursor.invalid(`argument ${quote(name)} is there twice`, offset);
    given.set(name, exports);
    args.push(Object.freeze({ name, instance }));
  }
  cursor.budget.spend('typeWork', type.imports.length, begin);
  for (const wanted of type.imports) {
    const found = given.get(wanted.module)?.get(wanted.name);
    if (found === undefined) {
      throw cursor.invalid(
        `core module ${module} imports ${quote(wanted.name)} of ${quote(wanted.module)}, which no argument has`,
        begin,
      );
    }
    const kind = found.kind === 'opaque' ? found.sort : found.kind;
    if (kind !== wanted.type.kind) {
      throw cursor.invalid(
        `${quote(wanted.name)} of ${quote(wanted.module)} is a ${kind} where a ${wanted.type.kind} is wanted`,
        begin,
      );
    }
  }
  return {
    init: { kind: 'instantiate', module, args: Object.freeze(args) },
    exports: type.exports,
  };
}

function coreBag(cursor: Cursor, scope: Scope): CoreMade {
  const list: { name: string; sort: ReturnType<typeof readCoreSort>; index: number }[] = [];
  const exports = new Map<string, CoreItemType>();
  const count = countArguments(cursor, 'exports');
  for (let i = 0; i < count; i++) {
    const offset = cursor.pos;
    const name = cursor.name('name of an export');
    const sort = readCoreSort(cursor);
    if (sort === 'type' || sort === 'module' || sort === 'instance') {
      throw cursor.invalid(`a core ${sort} cannot be exported`, offset);
    }
    const { index, type } = scope.read(`core ${sort}`, cursor);
    if (exports.has(name)) throw cursor.invalid(`export ${quote(name)} is there twice`, offset);
    exports.set(name, type);
    list.push(Object.freeze({ name, sort, index }));
  }
  return { init: { kind: 'exports', exports: Object.freeze(list) }, exports };
}

function countArguments(cursor: Cursor, what: string): number {
  const count = cursor.count(what, cursor.budget.left('arguments'), 3);
  cursor.budget.spend('arguments', count, cursor.pos);
  return count;
}

export function readInstance(cursor: Cursor, scope: Scope): InstanceDefinition {
  const offset = cursor.pos;
  cursor.budget.spend('instances', 1, offset);
  const code = cursor.byte();
  if (code > 1) throw cursor.unexpected(code, 'an instance');
  const { init, type } = code === 0 ? instantiate(cursor, scope) : bag(cursor, scope);
  const definition: InstanceDefinition = Object.freeze({
    kind: 'instance',
    index: scope.next('instance'),
    init: Object.freeze(init),
    offset,
  });
  scope.push('instance', { definition, type });
  return definition;
}

interface Made {
  readonly init: InstanceInit;
  readonly type: InstanceType;
}

function instantiate(cursor: Cursor, scope: Scope): Made {
  const begin = cursor.pos;
  const { index: component, type } = scope.read('component', cursor);
  const args: { name: string; item: SortIndex }[] = [];
  const given = new Map<string, ExternType>();
  const count = countArguments(cursor, 'arguments');
  for (let i = 0; i < count; i++) {
    const offset = cursor.pos;
    const name = cursor.name('name of an argument');
    const { item, type: argument } = readItem(cursor, scope);
    if (given.has(name)) throw cursor.invalid(`argument ${quote(name)} is there twice`, offset);
    given.set(name, argument);
    args.push(Object.freeze({ name, item }));
  }
  const init: InstanceInit = { kind: 'instantiate', component, args: Object.freeze(args) };
  return { init, type: instanceOf(cursor, scope, type, given, begin) };
}

/** The type of an instance: imported resources become the arguments', defined ones are new. */
function instanceOf(
  cursor: Cursor,
  scope: Scope,
  type: ComponentType,
  given: ReadonlyMap<string, ExternType>,
  offset: number,
): InstanceType {
  const map = new Map<ResourceType, ResourceType>();
  for (const [name, wanted] of type.imports) {
    const found = given.get(name);
    if (found === undefined) throw cursor.invalid(`argument ${quote(name)} is missing`, offset);
    scope.graph.match(wanted, found, map, `argument ${quote(name)}`, offset);
  }
  cursor.budget.spend('typeWork', type.resources.length, offset);
  for (const old of type.resources) {
    const { name, owner } = old;
    const made = scope.graph.resource(
      { origin: 'instance', name, owner, destructor: undefined },
      offset,
    );
    map.set(old, made);
    scope.resources.push(made);
  }
  return scope.graph.instantiate(type, map, offset);
}

function bag(cursor: Cursor, scope: Scope): Made {
  const offset = cursor.pos;
  const list: { name: string; item: SortIndex }[] = [];
  const names = new NameSpace('export');
  const count = countArguments(cursor, 'exports');
  for (let i = 0; i < count; i++) {
    const at = cursor.pos;
    const { name } = readExternName(cursor);
    const parsed = names.claim(name, cursor, at);
    const { item, type } = readItem(cursor, scope);
    names.set(name, parsed, type, cursor, at);
    list.push(Object.freeze({ name, item }));
  }
  const type = scope.graph.add<InstanceType>(
    { kind: 'instance', exports: names.types, resources: Object.freeze([]) },
    offset,
  );
  return { init: { kind: 'exports', exports: Object.freeze(list) }, type };
}
