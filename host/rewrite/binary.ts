import { RewriteError } from './errors.ts';

/** The module's preamble: magic and version 1 (core specification, section 5.5.16). */
const PREAMBLE_BYTES = 8;

export interface Section {
  readonly id: number;
  /** Offset of the id byte. */
  readonly start: number;
  /** Offset of the contents. */
  readonly contents: number;
  readonly end: number;
}

export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new RewriteError(`a core module ends early, at byte ${this.at}`);
    return this.bytes[this.at++] as number;
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new RewriteError(`a core module has a number that is too large, at byte ${this.at}`);
  }

  /** Steps over a signed LEB128 of at most 33 bits. */
  skipS33(): void {
    for (let length = 0; length < 5; length++) if (this.byte() < 0x80) return;
    throw new RewriteError(`a core module has a number that is too large, at byte ${this.at}`);
  }
}

export function* sections(module: Uint8Array): Generator<Section> {
  const reader = new Reader(module, PREAMBLE_BYTES, module.length);
  while (reader.at < reader.end) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.u32();
    const contents = reader.at;
    const end = contents + size;
    if (end > module.length)
      throw new RewriteError(`a section of a core module runs past its end, at byte ${start}`);
    reader.at = end;
    yield { id, start, contents, end };
  }
}

export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

export function concat(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
