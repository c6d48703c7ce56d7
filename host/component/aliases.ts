/** Aliases (Binary.md, "Alias Definitions"). */
import type { Cursor } from './bytes.ts';
import { quote } from './errors.ts';
import type { AliasDefinition, AliasTarget, AnySort, CoreItemType, DefinedType } from './model.ts';
import { sortOf } from './scope.ts';
import type { Scope } from './scope.ts';
import { readSort } from './sorts.ts';

/** Reads one alias and gives what it stands for its new index. */
export function readAlias(cursor: Cursor, scope: Scope): AliasDefinition {
  const offset = cursor.pos;
  const sort = readSort(cursor);
  const code = cursor.byte();
  switch (code) {
    case 0x00:
      return exportAlias(cursor, scope, sort, offset);
    case 0x01:
      return coreExportAlias(cursor, scope, sort, offset);
    case 0x02:
      return outerAlias(cursor, scope, sort, offset);
    default:
      throw cursor.unexpected(code, 'the target of an alias');
  }
}

function define(scope: Scope, sort: AnySort, target: AliasTarget, offset: number): AliasDefinition {
  return Object.freeze({
    kind: 'alias',
    sort,
    index: scope.next(sort),
    target: Object.freeze(target),
    offset,
  });
}

function exportAlias(cursor: Cursor, scope: Scope, sort: AnySort, offset: number): AliasDefinition {
  const { index: instance, type } = scope.read('instance', cursor);
  const name = cursor.name('name of an aliased export');
  const found = type.exports.get(name);
  if (found === undefined)
    throw cursor.invalid(`instance ${instance} has no export ${quote(name)}`, offset);
  if (sortOf(found) !== sort) {
    throw cursor.invalid(
      `export ${quote(name)} of instance ${instance} is a ${sortOf(found)}, not a ${sort}`,
      offset,
    );
  }
  if (scope.kind !== 'component' && sort !== 'type' && sort !== 'instance') {
    throw cursor.invalid(`a ${scope.kind} can alias only types and instances`, offset);
  }
  const definition = define(scope, sort, { kind: 'export', instance, name }, offset);
  scope.pushExtern(found, definition);
  return definition;
}

function coreExportAlias(
  cursor: Cursor,
  scope: Scope,
  sort: AnySort,
  offset: number,
): AliasDefinition {
  if (scope.kind !== 'component')
    throw cursor.invalid(`a ${scope.kind} has no core instances`, offset);
  const { index: instance, type: exports } = scope.read('core instance', cursor);
  const name = cursor.name('name of an aliased export');
  const found = exports.get(name);
  if (found === undefined)
    throw cursor.invalid(`core instance ${instance} has no export ${quote(name)}`, offset);
  const actual = coreSortOf(found);
  if (actual !== sort) {
    throw cursor.invalid(
      `export ${quote(name)} of core instance ${instance} is a ${actual}, not a ${sort}`,
      offset,
    );
  }
  const definition = define(scope, sort, { kind: 'core-export', instance, name }, offset);
  switch (sort) {
    case 'core func':
    case 'core table':
    case 'core memory':
    case 'core global':
    case 'core tag':
      scope.push(sort, { definition, type: found });
      return definition;
    default:
      throw cursor.invalid(`a ${sort} cannot be a core export`, offset);
  }
}

function coreSortOf(type: CoreItemType): AnySort {
  return `core ${type.kind === 'opaque' ? type.sort : type.kind}`;
}

function outerAlias(cursor: Cursor, scope: Scope, sort: AnySort, offset: number): AliasDefinition {
  const count = cursor.u32();
  let outer: Scope | undefined = scope;
  let leavesComponent = false;
  for (let i = 0; i < count && outer !== undefined; i++) {
    leavesComponent ||= outer.kind === 'component';
    outer = outer.parent;
  }
  if (outer === undefined)
    throw cursor.invalid(`outer alias of ${count} levels leads nowhere`, offset);
  const at = cursor.pos;
  const index = cursor.u32();
  const definition = define(scope, sort, { kind: 'outer', count, index }, offset);
  switch (sort) {
    case 'type': {
      const type: DefinedType = outer.at(sort, index, cursor, at);
      // Resources are made per instance, so a component that is a template cannot see those outside.
      if (leavesComponent && scope.graph.hasFreeResource(type, offset)) {
        throw cursor.invalid(
          `type ${index} refers to resources of the enclosing component`,
          offset,
        );
      }
      scope.push(sort, { definition, type });
      return definition;
    }
    case 'component':
      scope.push(sort, { definition, type: outer.at(sort, index, cursor, at) });
      return definition;
    case 'core module':
      scope.push(sort, { definition, type: outer.at(sort, index, cursor, at) });
      return definition;
    case 'core type':
      scope.push(sort, { definition, type: outer.at(sort, index, cursor, at) });
      return definition;
    default:
      throw cursor.invalid(`a ${sort} cannot be an outer alias`, offset);
  }
}
