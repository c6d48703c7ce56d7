/** Names and descriptions of imports and exports (Binary.md, `externdesc`, `importname'`). */
import type { Cursor } from './bytes.ts';
import { quote } from './errors.ts';
import type { ExternType, NameOptions, ResourceType } from './model.ts';
import type { Scope } from './scope.ts';
import { readValType } from './val-types.ts';

/** Reads a name with the options that newer tools put beside it. */
export function readExternName(cursor: Cursor): {
  readonly name: string;
  readonly options: NameOptions | undefined;
} {
  const code = cursor.byte();
  // 0x01 is what tools wrote for interface names until 2024.
  if (code > 0x02) throw cursor.unexpected(code, 'a name');
  const name = cursor.name('name of an import or export');
  if (code !== 0x02) return { name, options: undefined };
  const found: (string | undefined)[] = [undefined, undefined, undefined];
  const count = cursor.count('options of a name', found.length, 2);
  for (let i = 0; i < count; i++) {
    const offset = cursor.pos;
    const option = cursor.byte();
    if (option >= found.length) throw cursor.unexpected(option, 'an option of a name');
    if (found[option] !== undefined)
      throw cursor.invalid(`option ${option} of ${quote(name)} is there twice`, offset);
    found[option] = cursor.name('option of a name');
  }
  const [implement, versionSuffix, externalId] = found;
  const joined =
    versionSuffix !== undefined && implement === undefined && name.includes('@')
      ? name + versionSuffix
      : name;
  return {
    name: joined,
    options: Object.freeze({ implements: implement, versionSuffix, externalId }),
  };
}

/** For whom a description is read: it decides what becomes of the resources that it brings. */
export interface ExternUse {
  readonly side: 'import' | 'export';
  readonly name: string;
  readonly origin: ResourceType['origin'];
}

/**
 * Reads an `externdesc`. Resources that it introduces are made anew and noted in the scope, as the
 * import or export of a type makes an abstract type different from every other.
 */
export function readExternDescription(cursor: Cursor, scope: Scope, use: ExternUse): ExternType {
  const offset = cursor.pos;
  const code = cursor.byte();
  const bound = use.side === 'import' ? scope.importedResources : scope.resources;
  const fresh = (name: string | undefined, old?: ResourceType): ResourceType => {
    const owner = use.side === 'import' && name !== use.name ? use.name : old?.owner;
    const resource = scope.graph.resource(
      { origin: use.origin, name, owner, destructor: undefined },
      offset,
    );
    bound.push(resource);
    return resource;
  };
  switch (code) {
    case 0x00: {
      const sort = cursor.byte();
      if (sort !== 0x11) throw cursor.unexpected(sort, 'the sort of an import or export');
      const at = cursor.pos;
      const { index, type } = scope.read('core type', cursor);
      if (type.kind !== 'module')
        throw cursor.invalid(`core type ${index} is not that of a module`, at);
      return type;
    }
    case 0x01:
      return scope.typeOf('func', cursor);
    case 0x02: {
      const form = cursor.byte();
      if (form > 1) throw cursor.unexpected(form, 'the bound of a value');
      const type = form === 0 ? scope.read('value', cursor).type : readValType(cursor, scope);
      return scope.graph.add({ kind: 'value', type }, offset);
    }
    case 0x03: {
      const form = cursor.byte();
      if (form > 1) throw cursor.unexpected(form, 'the bound of a type');
      if (form === 1)
        return scope.graph.add({ kind: 'type', bound: 'sub', type: fresh(use.name) }, offset);
      return scope.graph.add(
        { kind: 'type', bound: 'eq', type: scope.read('type', cursor).type },
        offset,
      );
    }
    case 0x04:
      return scope.typeOf('component', cursor);
    case 0x05:
      return scope.graph.freshen(
        scope.typeOf('instance', cursor),
        (old) => fresh(old.name, old),
        offset,
      );
    default:
      throw cursor.unexpected(code, 'the sort of an import or export');
  }
}
