/** Core types of components and types of core modules (Binary.md, "Type Definitions"). */
import type { Cursor } from './bytes.ts';
import { CoreTypeReader } from './core-types.ts';
import type {
  CoreExternType,
  CoreFuncType,
  CoreImport,
  CoreSubType,
  ModuleType,
} from './core-model.ts';
import { quote } from './errors.ts';
import type { CoreTypeDefinition } from './model.ts';
import type { Scope } from './scope.ts';

/** Reads one `core:type` into the scope; a group of types defines several. */
export function readCoreType(cursor: Cursor, scope: Scope): CoreTypeDefinition[] {
  const offset = cursor.pos;
  const definitions: CoreTypeDefinition[] = [];
  const add = (type: CoreSubType | ModuleType): void => {
    const definition: CoreTypeDefinition = Object.freeze({
      kind: 'core-type',
      index: scope.next('core type'),
      type,
      offset,
    });
    scope.push('core type', { definition, type });
    definitions.push(definition);
  };
  const first = cursor.peek();
  if (first === 0x50) {
    cursor.pos++;
    add(readModuleType(cursor, scope));
    return definitions;
  }
  if (first === 0x00) {
    // 0x50 means a module type here, so an open subtype carries this prefix.
    cursor.pos++;
    if (cursor.peek() !== 0x50) throw cursor.unexpected(cursor.byte(), 'an open subtype');
  }
  new CoreTypeReader(cursor, new Set(), scope.next('core type')).recGroup(add);
  return definitions;
}

function readModuleType(cursor: Cursor, scope: Scope): ModuleType {
  const types: CoreSubType[] = [];
  const imports: CoreImport[] = [];
  const exports = new Map<string, CoreExternType>();
  const seen = new Set<string>();
  const count = cursor.count('declarators of a module type', cursor.budget.left('definitions'), 2);
  cursor.budget.spend('definitions', count, cursor.pos);
  for (let i = 0; i < count; i++) {
    const offset = cursor.pos;
    const code = cursor.byte();
    const reader = new CoreTypeReader(cursor, new Set(), types.length);
    switch (code) {
      case 0x00: {
        const module = cursor.name('module of an import');
        const name = cursor.name('name of an import');
        const key = `${module.length}:${module}${name}`;
        if (seen.has(key))
          throw cursor.invalid(`import ${quote(name)} of ${quote(module)} is there twice`, offset);
        seen.add(key);
        imports.push(Object.freeze({ module, name, type: readImportDescription(reader, types) }));
        break;
      }
      case 0x01:
        reader.recGroup((type) => types.push(type));
        break;
      case 0x02:
        types.push(readTypeAlias(cursor, scope));
        break;
      case 0x03: {
        const name = cursor.name('name of an export');
        if (exports.has(name)) throw cursor.invalid(`export ${quote(name)} is there twice`, offset);
        exports.set(name, readImportDescription(reader, types));
        break;
      }
      default:
        throw cursor.unexpected(code, 'a declarator of a module type');
    }
  }
  return Object.freeze({ kind: 'module', imports: Object.freeze(imports), exports });
}

function readTypeAlias(cursor: Cursor, scope: Scope): CoreSubType {
  const sort = cursor.byte();
  if (sort !== 0x10) throw cursor.unexpected(sort, 'the sort of an alias in a module type');
  const target = cursor.byte();
  if (target !== 0x01) throw cursor.unexpected(target, 'the target of an alias in a module type');
  const offset = cursor.pos;
  const count = cursor.u32();
  let outer: Scope | undefined = scope;
  for (let i = 1; i < count && outer !== undefined; i++) outer = outer.parent;
  if (count === 0 || outer === undefined)
    throw cursor.invalid(`outer alias of ${count} levels leads nowhere`, offset);
  const { index, type } = outer.read('core type', cursor);
  if (type.kind !== 'sub') throw cursor.invalid(`core type ${index} is that of a module`, offset);
  return type;
}

function readImportDescription(
  reader: CoreTypeReader,
  types: readonly CoreSubType[],
): CoreExternType {
  const { cursor } = reader;
  const code = cursor.byte();
  const func = (): CoreFuncType => {
    const offset = cursor.pos;
    const index = reader.typeIndex();
    const composite = types[index]?.composite;
    if (composite?.kind !== 'func')
      throw cursor.invalid(`core type ${index} is not that of a function`, offset);
    return composite;
  };
  switch (code) {
    case 0x00:
      return func();
    case 0x01:
      return reader.tableType();
    case 0x02:
      return reader.memoryType();
    case 0x03:
      return reader.globalType();
    case 0x04: {
      const attribute = cursor.byte();
      if (attribute !== 0) throw cursor.unexpected(attribute, 'the attribute of a tag');
      return Object.freeze({ kind: 'tag', type: func() });
    }
    default:
      throw cursor.unexpected(code, 'the kind of a core import or export');
  }
}
