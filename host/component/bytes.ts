import { ComponentError } from './errors.ts';
import type { ComponentErrorCode } from './errors.ts';
import type { Budget } from './budget.ts';
import type { Range } from './core-model.ts';

/** Which layer's bytes a cursor reads: it decides the code of the errors. */
export type Layer = 'component' | 'module';

/**
 * A reading position in the upload. Offsets are absolute, whatever the window, so that every
 * error points into the file that the person has.
 */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly budget: Budget;
  readonly layer: Layer;
  readonly end: number;
  pos: number;

  constructor(bytes: Uint8Array, budget: Budget, layer: Layer, start: number, end: number) {
    this.bytes = bytes;
    this.budget = budget;
    this.layer = layer;
    this.pos = start;
    this.end = end;
  }

  get done(): boolean {
    return this.pos >= this.end;
  }

  get remaining(): number {
    return this.end - this.pos;
  }

  /** The bytes do not decode. */
  malformed(message: string, offset: number = this.pos): ComponentError {
    return this.error(`malformed-${this.layer}`, message, offset);
  }

  /** The bytes decode and break a rule of validation. */
  invalid(message: string, offset: number = this.pos): ComponentError {
    return this.error(`invalid-${this.layer}`, message, offset);
  }

  error(code: ComponentErrorCode, message: string, offset: number = this.pos): ComponentError {
    return new ComponentError({ code, message, offset });
  }

  /** A window over the next `length` bytes, which this cursor steps over. */
  window(length: number, what: string, layer: Layer = this.layer): Cursor {
    if (length > this.remaining) {
      throw this.malformed(`${what} of ${length} bytes runs past the end (${this.remaining} left)`);
    }
    const start = this.pos;
    this.pos += length;
    return new Cursor(this.bytes, this.budget, layer, start, this.pos);
  }

  range(start: number): Range {
    return Object.freeze({ start, end: this.pos });
  }

  expectDone(what: string): void {
    if (!this.done) throw this.malformed(`${this.remaining} bytes too many at the end of ${what}`);
  }

  skip(length: number, what: string): void {
    if (length > this.remaining) {
      throw this.malformed(`${what} of ${length} bytes runs past the end (${this.remaining} left)`);
    }
    this.pos += length;
  }

  peek(): number {
    if (this.pos >= this.end) throw this.malformed('unexpected end');
    return this.bytes[this.pos]!;
  }

  byte(): number {
    if (this.pos >= this.end) throw this.malformed('unexpected end');
    return this.bytes[this.pos++]!;
  }

  flag(what: string): boolean {
    const value = this.byte();
    if (value > 1) throw this.unexpected(value, what);
    return value === 1;
  }

  /** The error for a byte just read that stands for nothing there. */
  unexpected(value: number, what: string): ComponentError {
    return this.malformed(
      `unexpected byte 0x${value.toString(16).padStart(2, '0')} for ${what}`,
      this.pos - 1,
    );
  }

  /** Unsigned LEB128 of 32 bits: at most five bytes, no bit lost (core spec 5.2.2). */
  u32(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    const start = this.pos - 1;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    byte = this.byte();
    if (byte > 0x0f) throw this.malformed('integer does not fit 32 bits', start);
    return (value | (byte << 28)) >>> 0;
  }

  /** Unsigned LEB128 of 64 bits: at most ten bytes. */
  u64(): bigint {
    return BigInt.asUintN(64, this.leb(64, false));
  }

  /** Signed LEB128 of `bits` bits (32, 33 or 64). */
  signed(bits: 32 | 33 | 64): bigint {
    return this.leb(bits, true);
  }

  /** Signed LEB128 of 33 bits, as a number: how types and type indices share one space. */
  s33(): number {
    const first = this.peek();
    if (first < 0x80) {
      this.pos++;
      return first >= 0x40 ? first - 0x80 : first;
    }
    return Number(this.leb(33, true));
  }

  private leb(bits: number, isSigned: boolean): bigint {
    const start = this.pos;
    let value = 0n;
    let shift = 0;
    for (;;) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      shift += 7;
      if (byte < 0x80) {
        const decoded = isSigned && (byte & 0x40) !== 0 ? value - (1n << BigInt(shift)) : value;
        const fits = isSigned
          ? BigInt.asIntN(bits, decoded) === decoded
          : BigInt.asUintN(bits, decoded) === decoded;
        if (!fits) throw this.malformed(`integer does not fit ${bits} bits`, start);
        return decoded;
      }
      if (shift >= bits) throw this.malformed(`integer does not fit ${bits} bits`, start);
    }
  }

  /**
   * The length of a vector whose elements take at least `least` bytes each, so that a length
   * that the bytes cannot hold is refused before anything is allocated for it.
   */
  count(what: string, limit: number, least = 1): number {
    const start = this.pos;
    const count = this.u32();
    if (count > limit) {
      throw this.error('limit-exceeded', `${count} ${what} exceed the limit of ${limit}`, start);
    }
    if (count * least > this.remaining)
      throw this.malformed(`${count} ${what} do not fit the bytes left`, start);
    return count;
  }

  /** A length-prefixed name in strict UTF-8 (core spec 5.2.4). */
  name(what = 'name'): string {
    const start = this.pos;
    const length = this.u32();
    if (length > this.budget.limits.nameBytes) {
      throw this.error(
        'limit-exceeded',
        `${what} of ${length} bytes exceeds the limit of ${this.budget.limits.nameBytes}`,
        start,
      );
    }
    if (length > this.remaining)
      throw this.malformed(`${what} of ${length} bytes runs past the end`, start);
    const text = this.bytes.subarray(this.pos, this.pos + length);
    this.pos += length;
    try {
      return UTF8.decode(text);
    } catch (cause) {
      throw new ComponentError({
        code: `malformed-${this.layer}`,
        message: `${what} is not UTF-8`,
        offset: start,
        cause,
      });
    }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
