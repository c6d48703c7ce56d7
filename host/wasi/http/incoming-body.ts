import { WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { type ByteSource, InputStream, Pollable } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import { asHttpFailure, type ErrorCode, HttpFailure } from './error-code.ts';
import { Fields } from './fields.ts';
import {
  exceededHeaderLimit,
  type HeaderList,
  sectionSize,
  withoutForbidden,
} from './header-list.ts';
import { ParentResource } from './parent.ts';

/**
 * The body of a message that comes in. `read` throws `HttpFailure` when the message breaks off; it gives
 * `undefined` only when the body and its trailers are complete. `close` is called exactly once, at the
 * latest when the instance ends; before the end of the body it means that nobody wants the rest.
 */
export interface IncomingBodySource extends ByteSource {
  /** The trailer fields, asked for after the end; `undefined` when there were none. */
  trailers(): HeaderList | undefined;
}

export type Outcome<T> =
  | { readonly tag: 'ok'; readonly val: T }
  | { readonly tag: 'err'; readonly val: ErrorCode };

/** A `result` with a typed outcome that can be taken once: the second taker gets the outer error. */
export type Once<T> =
  | { readonly tag: 'ok'; readonly val: Outcome<T> }
  | { readonly tag: 'err'; readonly val: undefined };

/** Which kind of message a body belongs to, for its error codes. */
export type Side = 'request' | 'response';

const DISCARD_CHUNK = 64 * 1024;

/** One incoming body, shared in turn by its stream, the body resource and the trailers' future. */
class Reception implements ByteSource {
  readonly source: IncomingBodySource;
  readonly side: Side;
  #ended = false;
  #failure: HttpFailure | undefined;
  #closed = false;
  onStreamClosed: () => void = () => {};

  constructor(source: IncomingBodySource, side: Side) {
    this.source = source;
    this.side = side;
  }

  get settled(): boolean {
    return this.#ended || this.#failure !== undefined;
  }

  isReady(): boolean {
    return this.settled || this.source.isReady();
  }

  subscribe(wake: () => void): () => void {
    return this.source.subscribe(wake);
  }

  expect(max: number): void {
    this.source.expect?.(max);
  }

  read(max: number): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return undefined;
    try {
      const bytes = this.source.read(max);
      if (bytes === undefined) this.#ended = true;
      return bytes;
    } catch (thrown) {
      this.#failure = asHttpFailure(thrown);
      throw this.#failure;
    }
  }

  /** The stream was dropped; the rest of the body and the trailers may still be wanted. */
  close(): void {
    this.onStreamClosed();
  }

  /** Throws away what has arrived, so that the trailers behind it can. True at the end, or at a failure. */
  discard(): boolean {
    while (!this.settled && this.source.isReady()) {
      try {
        const bytes = this.read(DISCARD_CHUNK);
        if (bytes !== undefined && bytes.length === 0) break;
      } catch (thrown) {
        if (thrown !== this.#failure) throw thrown;
      }
    }
    if (!this.settled) this.source.expect?.(DISCARD_CHUNK);
    return this.settled;
  }

  trailers(): HeaderList | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    return this.source.trailers();
  }

  release(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.source.close();
  }
}

/** `wasi:http/types.incoming-body`. */
export class IncomingBody extends ParentResource {
  protected readonly kind = 'an incoming-body';
  readonly #reception: Reception;
  #streamed = false;
  #finished = false;

  constructor(instance: WasiInstance, source: IncomingBodySource, side: Side) {
    super(instance);
    this.#reception = new Reception(source, side);
  }

  stream(): InputStream {
    if (this.#streamed) throw new WasiError(undefined);
    const stream = new InputStream(this.instance, this.#reception);
    this.#streamed = true;
    this.#reception.onStreamClosed = this.addChild();
    return stream;
  }

  static finish(body: IncomingBody): FutureTrailers {
    body.refuseOrphans('incoming-body.finish was called');
    const future = new FutureTrailers(body.instance, body.#reception);
    body.#finished = true;
    body[Symbol.dispose]();
    return future;
  }

  protected override onDispose(): void {
    if (!this.#finished) this.#reception.release();
  }
}

/**
 * `wasi:http/types.future-trailers`. The rest of the body is thrown away as it comes while the guest waits,
 * and only then: a guest that does not wait leaves the sender held back.
 */
export class FutureTrailers extends HostResource {
  readonly #reception: Reception;
  #taken = false;

  constructor(instance: WasiInstance, reception: Reception) {
    super(instance);
    this.#reception = reception;
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, {
      isReady: () => this.#reception.discard(),
      subscribe: (wake) => this.#reception.subscribe(wake),
    });
  }

  get(): Once<Fields | undefined> | undefined {
    this.instance.check();
    if (this.#taken) return { tag: 'err', val: undefined };
    if (!this.#reception.discard()) return undefined;
    this.#taken = true;
    return { tag: 'ok', val: this.#outcome() };
  }

  #outcome(): Outcome<Fields | undefined> {
    let list: HeaderList | undefined;
    try {
      list = this.#reception.trailers();
    } catch (thrown) {
      return { tag: 'err', val: asHttpFailure(thrown).code };
    }
    if (list === undefined) return { tag: 'ok', val: undefined };
    const visible = withoutForbidden(list);
    if (exceededHeaderLimit(visible, this.instance.limits) !== undefined) {
      const tag = `HTTP-${this.#reception.side}-trailer-section-size` as const;
      return { tag: 'err', val: { tag, val: sectionSize(visible) } };
    }
    return { tag: 'ok', val: new Fields(this.instance, { list: visible, immutable: true }) };
  }

  protected override onDispose(): void {
    this.#reception.release();
  }
}
