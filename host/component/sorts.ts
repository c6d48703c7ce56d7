/** Sorts and references (Binary.md, "Instance Definitions"). */
import type { Cursor } from './bytes.ts';
import type { AnySort, CoreSort, ExternType, SortIndex } from './model.ts';
import type { Scope } from './scope.ts';

const CORE: ReadonlyMap<number, CoreSort> = new Map<number, CoreSort>([
  [0x00, 'func'],
  [0x01, 'table'],
  [0x02, 'memory'],
  [0x03, 'global'],
  [0x04, 'tag'],
  [0x10, 'type'],
  [0x11, 'module'],
  [0x12, 'instance'],
]);

const COMPONENT: ReadonlyMap<number, AnySort> = new Map<number, AnySort>([
  [0x01, 'func'],
  [0x02, 'value'],
  [0x03, 'type'],
  [0x04, 'component'],
  [0x05, 'instance'],
]);

export function readCoreSort(cursor: Cursor): CoreSort {
  const code = cursor.byte();
  const sort = CORE.get(code);
  if (sort === undefined) throw cursor.unexpected(code, 'a core sort');
  return sort;
}

export function readSort(cursor: Cursor): AnySort {
  if (cursor.peek() === 0x00) {
    cursor.pos++;
    return `core ${readCoreSort(cursor)}`;
  }
  const code = cursor.byte();
  const sort = COMPONENT.get(code);
  if (sort === undefined) throw cursor.unexpected(code, 'a sort');
  return sort;
}

/** Reads a reference to something that an import, export or argument can be, with its type. */
export function readItem(
  cursor: Cursor,
  scope: Scope,
): { readonly item: SortIndex; readonly type: ExternType } {
  const offset = cursor.pos;
  const sort = readSort(cursor);
  const make = (index: number, type: ExternType): { item: SortIndex; type: ExternType } => ({
    item: Object.freeze({ sort, index }),
    type,
  });
  switch (sort) {
    case 'func':
    case 'component':
    case 'instance':
    case 'core module': {
      const { index, type } = scope.read(sort, cursor);
      return make(index, type);
    }
    case 'type': {
      const { index, type } = scope.read(sort, cursor);
      return make(index, scope.graph.add({ kind: 'type', bound: 'eq', type }, offset));
    }
    case 'value': {
      const { index, type } = scope.read(sort, cursor);
      return make(index, scope.graph.add({ kind: 'value', type }, offset));
    }
    default:
      throw cursor.invalid(`a ${sort} cannot be imported, exported or passed`, offset);
  }
}
