import { overLimit, trap } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';
import type { InputStream } from './input-stream.ts';
import { closed, streamError } from './io-error.ts';
import { Pollable } from './pollable.ts';
import { type Readiness, untilReady } from './readiness.ts';

/** Where the bytes of an `output-stream` go. Ready: `permit` is above 0, or the sink is closed or failed. */
export interface ByteSink extends Readiness {
  /** Bytes it takes now; 0 when they must wait; `undefined` when it takes no more for good. Throws `StreamFailure`. */
  permit(): number | undefined;
  /**
   * Takes `bytes`, which the sink may keep. At most as many as `permit()` said last to the same stream: where
   * several streams share a sink, their permits may add up to more than it has room for. Throws `StreamFailure`.
   */
  write(bytes: Uint8Array): void;
  /** Starts handing on what was written. `flushed` says when that is done; `permit()` is 0 until then. */
  flush(): void;
  /** The guest dropped the stream. Called once. */
  close(): void;
}

/** `blocking-write-and-flush` and its kin take at most this many bytes (wasi:io/streams). */
const BLOCKING_WRITE_MAX = 4096;

/** `wasi:io/streams.output-stream` over any sink of bytes. */
export class OutputStream extends HostResource {
  readonly sink: ByteSink;
  #permit = 0;
  #failed = false;

  constructor(instance: WasiInstance, sink: ByteSink) {
    super(instance);
    this.sink = sink;
  }

  checkWrite(): bigint {
    const permit = this.#permitted();
    if (permit === undefined) throw closed();
    this.#permit = permit;
    return BigInt(permit);
  }

  write(contents: Uint8Array): void {
    if (contents.length > this.#permit)
      throw trap('output-stream.write of more bytes than check-write permitted');
    this.#permit -= contents.length;
    if (this.#permitted() === undefined) throw closed();
    this.#write(contents);
  }

  async blockingWriteAndFlush(contents: Uint8Array): Promise<void> {
    if (contents.length > BLOCKING_WRITE_MAX)
      throw trap('blocking-write-and-flush takes at most 4096 bytes');
    if (contents.length === 0) return this.blockingFlush();
    for (let at = 0; at < contents.length;) {
      const permit = await this.untilWritable();
      if (permit === undefined) throw closed();
      const chunk = contents.subarray(at, at + permit);
      this.#write(chunk);
      at += chunk.length;
    }
    // A sink that needed exactly these bytes may be closed by now, which is success.
    if (this.#permitted() === undefined) return;
    this.#flush();
    await this.untilWritable();
  }

  flush(): void {
    if (this.#permitted() === undefined) throw closed();
    this.#flush();
  }

  async blockingFlush(): Promise<void> {
    this.flush();
    if ((await this.untilWritable()) === undefined) throw closed();
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, {
      isReady: () => this.#failed || this.sink.isReady(),
      subscribe: (wake) => this.sink.subscribe(wake),
    });
  }

  writeZeroes(length: bigint): void {
    this.write(this.#zeroes(length));
  }

  async blockingWriteZeroesAndFlush(length: bigint): Promise<void> {
    if (length > BigInt(BLOCKING_WRITE_MAX))
      throw trap('blocking-write-zeroes-and-flush takes at most 4096 bytes');
    await this.blockingWriteAndFlush(this.#zeroes(length));
  }

  splice(source: InputStream, length: bigint): bigint {
    const permitted = this.#permitted();
    if (permitted === undefined) throw closed();
    const permit = BigInt(permitted);
    const bytes = source.take(length < permit ? length : permit);
    if (bytes.length > 0) this.#write(bytes);
    return BigInt(bytes.length);
  }

  async blockingSplice(source: InputStream, length: bigint): Promise<bigint> {
    if (length > 0n) {
      if ((await this.untilWritable()) === undefined) throw closed();
      await source.untilReadable(length);
    }
    return this.splice(source, length);
  }

  /** Resolves with how many bytes the sink takes now, at least one, or `undefined` when it is closed. Throws the guest's `stream-error`. */
  async untilWritable(): Promise<number | undefined> {
    for (;;) {
      await this.instance.turn();
      const permit = this.#permitted();
      if (permit !== 0) return permit;
      await untilReady(this.instance, this.sink);
    }
  }

  #permitted(): number | undefined {
    this.instance.check();
    if (this.#failed) return undefined;
    const permit = this.#guard(() => this.sink.permit());
    return permit === undefined ? undefined : Math.min(permit, this.instance.limits.copy);
  }

  #flush(): void {
    this.#permit = 0;
    this.#guard(() => this.sink.flush());
  }

  #write(bytes: Uint8Array): void {
    this.instance.check();
    this.#guard(() => this.sink.write(bytes));
  }

  #zeroes(length: bigint): Uint8Array {
    const { copy } = this.instance.limits;
    if (length > BigInt(copy)) throw overLimit('copy', copy, 'bytes in one write');
    return new Uint8Array(Number(length));
  }

  #guard<T>(operation: () => T): T {
    try {
      return operation();
    } catch (thrown) {
      // After the failure was reported once, the stream is closed (wasi:io/streams.stream-error).
      this.#failed = true;
      throw streamError(this.instance, thrown);
    }
  }

  protected override onDispose(): void {
    this.sink.close();
  }
}
