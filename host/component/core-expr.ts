import type { Cursor } from './bytes.ts';
import type { CoreTypeReader } from './core-types.ts';

/** What a constant expression may refer to, for the bounds of its indices. */
export interface ExprScope {
  readonly functions: number;
  readonly globals: number;
}

/**
 * Steps over a constant expression (core spec 3.3.12) with its `end`. Only constant instructions
 * are known here, so that any other one is refused; their typing is left to the engine.
 */
export function skipConstExpr(types: CoreTypeReader, scope: ExprScope): void {
  const { cursor } = types;
  for (;;) {
    const code = cursor.byte();
    switch (code) {
      case 0x0b:
        return;
      case 0x41:
        cursor.signed(32);
        break;
      case 0x42:
        cursor.signed(64);
        break;
      case 0x43:
        cursor.skip(4, 'f32');
        break;
      case 0x44:
        cursor.skip(8, 'f64');
        break;
      case 0x23:
        readIndex(cursor, 'global', scope.globals);
        break;
      case 0xd2:
        readIndex(cursor, 'function', scope.functions);
        break;
      case 0xd0:
        skipHeapType(types);
        break;
      case 0x6a: // i32 and i64: add, sub, mul
      case 0x6b:
      case 0x6c:
      case 0x7c:
      case 0x7d:
      case 0x7e:
        types.features.add('extended-const');
        break;
      case 0xfb:
        skipGcInstruction(types);
        break;
      case 0xfd: {
        const op = cursor.u32();
        if (op !== 12) throw cursor.malformed(`SIMD instruction ${op} is not constant`);
        cursor.skip(16, 'v128');
        types.features.add('simd');
        break;
      }
      default:
        throw cursor.unexpected(code, 'a constant instruction');
    }
  }
}

/** Reads an index that must be below `count`. */
export function readIndex(cursor: Cursor, what: string, count: number): number {
  const start = cursor.pos;
  const index = cursor.u32();
  if (index >= count)
    throw cursor.invalid(`${what} ${index} does not exist (there are ${count})`, start);
  return index;
}

function skipHeapType(types: CoreTypeReader): void {
  const { cursor } = types;
  const start = cursor.pos;
  const first = cursor.peek();
  if (first === 0x65) {
    cursor.pos++;
    types.features.add('shared-everything');
  }
  const heap = cursor.s33();
  if (heap >= types.typeCount) throw cursor.invalid(`core type ${heap} does not exist`, start);
}

function skipGcInstruction(types: CoreTypeReader): void {
  const { cursor } = types;
  const op = cursor.u32();
  types.features.add('gc');
  switch (op) {
    case 0: // struct.new
    case 1: // struct.new_default
    case 6: // array.new
    case 7: // array.new_default
      types.typeIndex();
      return;
    case 8: // array.new_fixed
      types.typeIndex();
      cursor.u32();
      return;
    case 26: // any.convert_extern
    case 27: // extern.convert_any
    case 28: // ref.i31
      return;
    default:
      throw cursor.malformed(`GC instruction ${op} is not constant`);
  }
}
