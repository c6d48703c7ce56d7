/**
 * Bytes that wait in one block of memory, so that a guest's many small writes cost no more than a large one.
 * What was taken out is never overwritten: its receiver may keep it.
 */
export class Backlog {
  #memory = new Uint8Array(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#memory.length) this.#grow(bytes.length);
    this.#memory.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The first bytes, at most `max`. */
  shift(max: number): Uint8Array {
    const from = this.#start;
    this.#start = Math.min(from + max, this.#end);
    return this.#memory.subarray(from, this.#start);
  }

  #grow(more: number): void {
    const memory = new Uint8Array(Math.max(this.length + more, 2 * this.length, 256));
    memory.set(this.#memory.subarray(this.#start, this.#end));
    this.#end = this.length;
    this.#start = 0;
    this.#memory = memory;
  }
}
