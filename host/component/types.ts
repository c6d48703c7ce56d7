/** Decoding of component types (Binary.md, "Type Definitions"). */
import { readAlias } from './aliases.ts';
import type { Cursor } from './bytes.ts';
import { readCoreType } from './core-type-section.ts';
import { readExternDescription, readExternName } from './externs.ts';
import type {
  ComponentType,
  DefinedType,
  FuncType,
  InstanceType,
  TypeDefinition,
} from './model.ts';
import { Scope } from './scope.ts';
import { readFields, readOptional, readResult, readValueType } from './val-types.ts';

/** Reads one `type` definition into the scope's type index space. */
export function readTypeDefinition(cursor: Cursor, scope: Scope): TypeDefinition {
  const offset = cursor.pos;
  const type = readDefinedType(cursor, scope);
  const definition: TypeDefinition = Object.freeze({
    kind: 'type',
    index: scope.next('type'),
    type,
    offset,
  });
  scope.push('type', { definition, type });
  return definition;
}

function readDefinedType(cursor: Cursor, scope: Scope): DefinedType {
  const offset = cursor.pos;
  const code = cursor.byte();
  switch (code) {
    case 0x3f:
      return readResource(cursor, scope, offset);
    case 0x40:
    case 0x43:
      return readFunc(cursor, scope, code === 0x43, offset);
    case 0x41:
      return readComponentType(cursor, scope, offset);
    case 0x42:
      return readInstanceType(cursor, scope, offset);
    default:
      return readValueType(code, cursor, scope);
  }
}

function readResource(cursor: Cursor, scope: Scope, offset: number): DefinedType {
  if (scope.kind !== 'component')
    throw cursor.invalid('a resource can only be defined in a component', offset);
  const rep = cursor.byte();
  if (rep !== 0x7f) throw cursor.unexpected(rep, 'the representation of a resource');
  const destructor = readOptional(cursor, () => scope.read('core func', cursor).index);
  const resource = scope.graph.resource(
    { origin: 'local', name: undefined, owner: undefined, destructor },
    offset,
  );
  scope.local.add(resource);
  scope.resources.push(resource);
  return resource;
}

function readFunc(cursor: Cursor, scope: Scope, isAsync: boolean, offset: number): FuncType {
  const count = cursor.count('parameters', cursor.budget.limits.parameters, 2);
  cursor.budget.spend('allMembers', count, offset);
  const params = readFields(cursor, scope, 'parameter', count);
  const at = cursor.pos;
  const result = readResult(cursor, scope);
  if (result !== undefined && scope.graph.facts(result).borrow)
    throw cursor.invalid('a result cannot hold a borrow', at);
  return scope.graph.add({ kind: 'func', async: isAsync, params, result }, offset);
}

function readComponentType(cursor: Cursor, parent: Scope, offset: number): ComponentType {
  const scope = new Scope('component-type', parent, parent.graph, cursor);
  readDeclarators(cursor, scope);
  return parent.graph.add(componentTypeOf(scope), offset);
}

/** The type of a component or component type whose definitions have been read. */
export function componentTypeOf(scope: Scope): ComponentType {
  return {
    kind: 'component',
    imports: scope.imports.types,
    exports: scope.exports.types,
    importedResources: Object.freeze(scope.importedResources),
    resources: Object.freeze(scope.resources),
  };
}

function readInstanceType(cursor: Cursor, parent: Scope, offset: number): InstanceType {
  const scope = new Scope('instance-type', parent, parent.graph, cursor);
  readDeclarators(cursor, scope);
  const type: InstanceType = {
    kind: 'instance',
    exports: scope.exports.types,
    resources: Object.freeze(scope.resources),
  };
  return parent.graph.add(type, offset);
}

function readDeclarators(cursor: Cursor, scope: Scope): void {
  const count = cursor.count('declarators', cursor.budget.left('definitions'), 2);
  cursor.budget.spend('definitions', count, cursor.pos);
  for (let i = 0; i < count; i++) readDeclarator(cursor, scope);
}

function readDeclarator(cursor: Cursor, scope: Scope): void {
  const offset = cursor.pos;
  const code = cursor.byte();
  switch (code) {
    case 0x00:
      readCoreType(cursor, scope);
      return;
    case 0x01:
      readTypeDefinition(cursor, scope);
      return;
    case 0x02:
      readAlias(cursor, scope);
      return;
    case 0x03:
    case 0x04: {
      const side = code === 0x03 ? 'import' : 'export';
      if (side === 'import' && scope.kind !== 'component-type')
        throw cursor.unexpected(code, 'a declarator of an instance type');
      const { name } = readExternName(cursor);
      const names = side === 'import' ? scope.imports : scope.exports;
      const parsed = names.claim(name, cursor, offset);
      const type = readExternDescription(cursor, scope, { side, name, origin: 'declared' });
      names.set(name, parsed, type, cursor, offset);
      // Declarations make indices like definitions do, but the model keeps types only.
      scope.pushExtern(type, DECLARED);
      return;
    }
    default:
      throw cursor.unexpected(code, 'a declarator');
  }
}

/** Stands for the definition in index spaces of types, which nobody outside the reader sees. */
const DECLARED = Object.freeze({
  kind: 'start',
  func: -1,
  args: Object.freeze([]),
  results: 0,
  offset: -1,
} as const);
