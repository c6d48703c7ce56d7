import { trap } from '../errors.ts';
import { fail } from './errno.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A buffer of the guest, of which an iovec tells. */
export interface GuestBuffer {
  readonly pointer: number;
  readonly length: number;
}

/** As many buffers as POSIX lets one call have (IOV_MAX of Linux). */
const MAX_BUFFERS = 1024;

/**
 * The guest's linear memory. Whatever it is asked for lies within it: a pointer that does not, or that is
 * not aligned as its type needs, traps (WASI, legacy/tools/witx-docs.md, Pointers).
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #view: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(0));

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** Valid until the guest runs again: growing the memory detaches it. */
  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    const view = this.#at(pointer, length, 1);
    return new Uint8Array(view.buffer, pointer, length);
  }

  u8(pointer: number): number {
    return this.#at(pointer, 1, 1).getUint8(pointer);
  }

  u16(pointer: number): number {
    return this.#at(pointer, 2, 2).getUint16(pointer, true);
  }

  u32(pointer: number): number {
    return this.#at(pointer, 4, 4).getUint32(pointer, true);
  }

  u64(pointer: number): bigint {
    return this.#at(pointer, 8, 8).getBigUint64(pointer, true);
  }

  setU32(pointer: number, value: number): void {
    this.#at(pointer, 4, 4).setUint32(pointer, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.#at(pointer, 8, 8).setBigUint64(pointer, value, true);
  }

  /** Checks that a result of `length` bytes can be written there, before the work whose result it is has been done. */
  reserve(pointer: number, length: number, align: 1 | 4 | 8): void {
    this.#at(pointer, length, align);
  }

  /** The view of a structure to be written: offsets count from the start of the memory. */
  structure(pointer: number, length: number, align: 4 | 8): DataView {
    return this.#at(pointer, length, align);
  }

  /** Fails with `ilseq` for what is not UTF-8, with `nametoolong` for what is too long for any path. */
  text(pointer: number, length: number, most: number): string {
    const bytes = this.bytes(pointer, length);
    if (length > most) fail('nametoolong');
    try {
      return utf8.decode(bytes);
    } catch {
      // The decoder throws for exactly one reason, bytes that are not UTF-8.
      return fail('ilseq');
    }
  }

  /** The buffers of an array of iovecs, each within the memory. Fails with `inval` for more than POSIX allows. */
  buffers(pointer: number, count: number): GuestBuffer[] {
    if (count > MAX_BUFFERS) fail('inval');
    const view = this.#at(pointer, count * 8, 4);
    const buffers: GuestBuffer[] = [];
    for (let index = 0; index < count; index += 1) {
      const at = pointer + index * 8;
      const buffer = { pointer: view.getUint32(at, true), length: view.getUint32(at + 4, true) };
      this.#at(buffer.pointer, buffer.length, 1);
      buffers.push(buffer);
    }
    return buffers;
  }

  /** A copy of what the buffers hold, at most `most` bytes. */
  gather(buffers: readonly GuestBuffer[], most: number): Uint8Array {
    const whole = new Uint8Array(totalOf(buffers, most));
    let at = 0;
    for (const { pointer, length } of buffers) {
      const wanted = Math.min(length, whole.length - at);
      whole.set(this.bytes(pointer, wanted), at);
      at += wanted;
    }
    return whole;
  }

  /** Fills the buffers, one after the other, with `bytes`. */
  scatter(buffers: readonly GuestBuffer[], bytes: Uint8Array): void {
    let at = 0;
    for (const { pointer, length } of buffers) {
      if (at === bytes.length) return;
      const part = bytes.subarray(at, at + length);
      this.bytes(pointer, part.length).set(part);
      at += part.length;
    }
  }

  #at(pointer: number, length: number, align: 1 | 2 | 4 | 8): DataView<ArrayBuffer> {
    if (this.#memory === undefined)
      throw trap('a WASI function was called before the module was instantiated');
    const { buffer } = this.#memory;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    if (pointer + length > this.#view.byteLength) {
      throw trap(
        `a pointer passed to WASI lies outside of the memory: ${length} bytes at ${pointer}`,
      );
    }
    if (pointer % align !== 0)
      throw trap(`a pointer passed to WASI is not aligned to ${align} bytes: ${pointer}`);
    return this.#view;
  }
}

/** Bytes in all of the buffers, at most `most`. */
export function totalOf(buffers: readonly GuestBuffer[], most: number): number {
  let total = 0;
  for (const { length } of buffers) total += length;
  return Math.min(total, most);
}
