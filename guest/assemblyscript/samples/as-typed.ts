// Functions over every kind of value that is called with JSON.

/** A point of the plane. */
export class Point {
  x: f64 = 0;
  y: f64 = 0;
  /** What it is called; none need be. */
  label: string | null = null;
}

export class Path {
  name: string = '';
  points: Array<Point> = [];
  weights: Float32Array = new Float32Array(0);
}

class Node {
  value: i32 = 0;
  next: Node | null = null;
}

/** Not made of public fields alone, and so not to be had from outside. */
class Secret {
  constructor(private value: i32) {}
  reveal(): i32 {
    return this.value;
  }
}

/**
 * Adds two numbers.
 * The second is 1 unless it is given.
 */
export function add(a: i32, b: i32 = 1): i32 {
  return a + b;
}

export function narrow(a: i8, b: u8, c: i16, d: u16, e: u32): Array<f64> {
  return [<f64>a, <f64>b, <f64>c, <f64>d, <f64>e];
}
export function echoI8(value: i8): i8 { return value; }
export function echoU8(value: u8): u8 { return value; }
export function echoI16(value: i16): i16 { return value; }
export function echoU16(value: u16): u16 { return value; }
export function echoI32(value: i32): i32 { return value; }
export function echoU32(value: u32): u32 { return value; }
export function echoI64(value: i64): i64 { return value; }
export function echoU64(value: u64): u64 { return value; }
export function echoF32(value: f32): f32 { return value; }
export function echoF64(value: f64): f64 { return value; }
export function echoBool(value: bool): bool { return value; }
export function echoString(value: string): string { return value; }
export function echoMaybe(value: string | null): string | null { return value; }
export function echoBuffer(value: ArrayBuffer): ArrayBuffer { return value; }
export function echoBytes(value: Uint8Array): Uint8Array { return value; }
export function echoInt8s(value: Int8Array): Int8Array { return value; }
export function echoInt16s(value: Int16Array): Int16Array { return value; }
export function echoUint32s(value: Uint32Array): Uint32Array { return value; }
export function echoInt64s(value: Int64Array): Int64Array { return value; }
export function echoUint64s(value: Uint64Array): Uint64Array { return value; }
export function echoFloat32s(value: Float32Array): Float32Array { return value; }
export function echoFloat64s(value: Float64Array): Float64Array { return value; }
export function echoStrings(value: Array<string>): Array<string> { return value; }
export function echoNested(value: Array<Array<i32>>): Array<Array<i32>> { return value; }
export function echoFlags(value: Array<bool>): Array<bool> { return value; }
export function echoStatic(value: StaticArray<f64>): StaticArray<f64> { return value; }
export function echoNames(value: StaticArray<string>): StaticArray<string> { return value; }
export function echoPath(value: Path): Path { return value; }
export function echoPaths(value: Array<Path | null>): Array<Path | null> { return value; }

/** The values from `from` on, not with `to`. */
export function range(from: i64, to: i64): Array<i64> {
  const values: Array<i64> = [];
  for (let at = from; at < to; at++) values.push(at);
  return values;
}

/** A view into a buffer that is larger than the view. */
export function middle(value: Uint8Array): Uint8Array {
  return value.subarray(1, value.length - 1);
}

export function longest(path: Path): Point | null {
  let found: Point | null = null;
  let length: f64 = -1;
  for (let i = 0; i < path.points.length; i++) {
    const point = path.points[i];
    const own = Math.sqrt(point.x * point.x + point.y * point.y);
    if (own > length) {
      found = point;
      length = own;
    }
  }
  return found;
}

/** A list that ends where it began. */
export function circle(): Node {
  const node = new Node();
  node.next = node;
  return node;
}

/** Two to the power of `levels` references to one string. */
export function doubling(levels: i32): Array<Array<string>> {
  const text = 'x'.repeat(1 << 16);
  const row: Array<string> = [];
  for (let i = 0; i < 1 << levels; i++) row.push(text);
  const rows: Array<Array<string>> = [];
  for (let i = 0; i < 1 << levels; i++) rows.push(row);
  return rows;
}

/** Leaves garbage of so many bytes behind. */
export function litter(bytes: i32): i32 {
  return new Uint8Array(bytes).length;
}

let counter = 0;
export function count(): i32 {
  return ++counter;
}

export function hide(value: i32): Secret { return new Secret(value); }
export function reveal(secret: Secret): i32 { return secret.reveal(); }

export function fail(message: string): void {
  throw new Error(message);
}

export function index(values: Array<i32>, at: i32): i32 {
  return values[at];
}

export function crash(): void {
  unreachable();
}

export function say(message: string): void {
  trace(message, 2, 1.5, -3);
  console.log(message);
  console.error(message);
}
