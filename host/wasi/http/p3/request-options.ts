import { WasiError } from '../../errors.ts';
import type { WasiInstance } from '../../instance.ts';
import { HostResource } from '../../resource.ts';

/** `wasi:http/types.request-options-error` in the binder's shape. */
export type RequestOptionsError = { readonly tag: 'immutable' };

export interface Timeouts {
  connect: bigint | undefined;
  firstByte: bigint | undefined;
  betweenBytes: bigint | undefined;
}

/** `wasi:http/types.request-options` 0.3: durations in nanoseconds. */
export class RequestOptions extends HostResource {
  readonly #timeouts: Timeouts;
  readonly #immutable: boolean;

  constructor(instance: WasiInstance, timeouts?: Timeouts, immutable = false) {
    super(instance);
    this.#timeouts = timeouts ?? {
      connect: undefined,
      firstByte: undefined,
      betweenBytes: undefined,
    };
    this.#immutable = immutable;
  }

  getConnectTimeout(): bigint | undefined {
    return this.#timeouts.connect;
  }

  setConnectTimeout(connect: bigint | undefined): void {
    this.#change({ connect });
  }

  getFirstByteTimeout(): bigint | undefined {
    return this.#timeouts.firstByte;
  }

  setFirstByteTimeout(firstByte: bigint | undefined): void {
    this.#change({ firstByte });
  }

  getBetweenBytesTimeout(): bigint | undefined {
    return this.#timeouts.betweenBytes;
  }

  setBetweenBytesTimeout(betweenBytes: bigint | undefined): void {
    this.#change({ betweenBytes });
  }

  /** A copy that can be changed. */
  clone(): RequestOptions {
    return new RequestOptions(this.instance, { ...this.#timeouts });
  }

  /** For functions that take ownership of the options. */
  take(): Timeouts {
    this[Symbol.dispose]();
    return this.#timeouts;
  }

  #change(part: Partial<Timeouts>): void {
    if (this.#immutable) throw new WasiError<RequestOptionsError>({ tag: 'immutable' });
    Object.assign(this.#timeouts, part);
  }
}
