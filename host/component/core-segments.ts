/** Element and data segments: stepped over and checked, with only their counts and sizes kept. */
import { readIndex, skipConstExpr } from './core-expr.ts';
import type { ExprScope } from './core-expr.ts';
import type { CoreTypeReader } from './core-types.ts';

export interface SegmentScope extends ExprScope {
  readonly tables: number;
  readonly memories: number;
}

/**
 * The eight forms of core spec 5.5.12. Bit 0: passive or declared; bit 1: a table or kind is
 * named; bit 2: elements are expressions.
 */
export function skipElementSegment(types: CoreTypeReader, scope: SegmentScope): void {
  const { cursor } = types;
  cursor.budget.spend('coreItems', 1, cursor.pos);
  const flags = cursor.u32();
  if (flags > 7) throw cursor.malformed('unknown form of an element segment');
  if ((flags & 1) === 0) {
    if ((flags & 2) !== 0) readIndex(cursor, 'table', scope.tables);
    skipConstExpr(types, scope);
  }
  const expressions = (flags & 4) !== 0;
  if ((flags & 3) !== 0) {
    if (expressions) types.refType();
    else {
      const kind = cursor.byte();
      if (kind !== 0) throw cursor.unexpected(kind, 'an element kind');
    }
  }
  const count = cursor.count('elements', cursor.budget.left('coreElements'));
  cursor.budget.spend('coreElements', count, cursor.pos);
  for (let i = 0; i < count; i++) {
    if (expressions) skipConstExpr(types, scope);
    else readIndex(cursor, 'function', scope.functions);
  }
}

/** The three forms of core spec 5.5.14. Returns the bytes of the segment. */
export function skipDataSegment(types: CoreTypeReader, scope: SegmentScope): number {
  const { cursor } = types;
  cursor.budget.spend('coreItems', 1, cursor.pos);
  const form = cursor.u32();
  if (form > 2) throw cursor.malformed('unknown form of a data segment');
  if (form === 2) readIndex(cursor, 'memory', scope.memories);
  if (form !== 1) skipConstExpr(types, scope);
  const size = cursor.u32();
  cursor.skip(size, 'data segment');
  return size;
}
