import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';
import { closed, streamError } from './io-error.ts';
import { Pollable } from './pollable.ts';
import { type Readiness, untilReady } from './readiness.ts';

/** Where the bytes of an `input-stream` come from. Ready: `read` gives bytes, the end or a failure. */
export interface ByteSource extends Readiness {
  /**
   * At most `max` (> 0) bytes that are there now: empty when none is yet, `undefined` at the end.
   * May start fetching more. Throws `StreamFailure`.
   */
  read(max: number): Uint8Array | undefined;
  /** Nobody reads any more. Called once. */
  close(): void;
  /** For sources that fetch on demand: how many bytes the waiting reader wants. */
  expect?(max: number): void;
}

/** `wasi:io/streams.input-stream` over any source of bytes. */
export class InputStream extends HostResource {
  readonly source: ByteSource;
  #ended = false;

  constructor(instance: WasiInstance, source: ByteSource) {
    super(instance);
    this.source = source;
  }

  read(length: bigint): Uint8Array {
    return this.take(length);
  }

  async blockingRead(length: bigint): Promise<Uint8Array> {
    for (;;) {
      await this.untilReadable(length);
      const bytes = this.take(length);
      if (bytes.length > 0 || length === 0n) return bytes;
    }
  }

  skip(length: bigint): bigint {
    return BigInt(this.take(length).length);
  }

  async blockingSkip(length: bigint): Promise<bigint> {
    return BigInt((await this.blockingRead(length)).length);
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, {
      isReady: () => this.#ended || this.source.isReady(),
      subscribe: (wake) => this.source.subscribe(wake),
    });
  }

  /** Resolves when `take` would not give an empty array for want of data. */
  async untilReadable(length: bigint): Promise<void> {
    if (length === 0n || this.#ended || this.source.isReady()) return this.instance.turn();
    this.source.expect?.(this.#clamp(length));
    await untilReady(this.instance, this.source);
  }

  /**
   * Bytes that are there now, never more than `limits.copy` at once: the guest chooses `length`,
   * the host what it allocates. Throws the guest's `stream-error`.
   */
  take(length: bigint): Uint8Array {
    this.instance.check();
    if (this.#ended) throw closed();
    if (length === 0n) return new Uint8Array(0);
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.source.read(this.#clamp(length));
    } catch (thrown) {
      this.#ended = true;
      throw streamError(this.instance, thrown);
    }
    if (bytes === undefined) {
      this.#ended = true;
      throw closed();
    }
    return bytes;
  }

  #clamp(length: bigint): number {
    const { copy } = this.instance.limits;
    return length > BigInt(copy) ? copy : Number(length);
  }

  protected override onDispose(): void {
    this.source.close();
  }
}
