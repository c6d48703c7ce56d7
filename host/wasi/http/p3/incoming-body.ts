import type { WasiInstance } from '../../instance.ts';
import { hostStream, type HostStream, lazyFuture } from '../../io/p3.ts';
import { untilReady } from '../../io/index.ts';
import { HostResource } from '../../resource.ts';
import { asHttpFailure, type HttpFailure } from '../error-code.ts';
import { Fields } from '../fields.ts';
import { exceededHeaderLimit, sectionSize, withoutForbidden } from '../header-list.ts';
import type { IncomingBodySource, Outcome, Side } from '../incoming-body.ts';

const DISCARD_CHUNK = 64 * 1024;

/** The stream of a body, and the future of its trailers. */
export type ConsumedBody = [
  contents: HostStream,
  trailers: PromiseLike<Outcome<Fields | undefined>>,
];

/**
 * The body of a message that comes in, while the guest may read it. A guest that drops the stream early and does
 * not ask for the trailers leaves the sender held back until the message is over.
 */
export class IncomingContents extends HostResource {
  readonly #source: IncomingBodySource;
  readonly #side: Side;
  #ended = false;
  #failure: HttpFailure | undefined;

  constructor(instance: WasiInstance, source: IncomingBodySource, side: Side) {
    super(instance);
    this.#source = source;
    this.#side = side;
  }

  consume(): ConsumedBody {
    const contents = hostStream(this.instance, this.#guarded(), {
      failed: (thrown) => (this.#failure = asHttpFailure(thrown)),
      ended: () => (this.#ended = true),
      dropped: () => {},
    });
    return [contents, lazyFuture(() => this.#trailers())];
  }

  /** Once the message is over nothing of its source may be touched: the stream is at its end then. */
  #guarded(): IncomingBodySource {
    const source = this.#source;
    const over = () => this.disposed || this.#ended || this.#failure !== undefined;
    return {
      isReady: () => over() || source.isReady(),
      subscribe: (wake) => (over() ? () => {} : source.subscribe(wake)),
      read: (max) => (over() ? undefined : source.read(max)),
      expect: (max) => (over() ? undefined : source.expect?.(max)),
      trailers: () => source.trailers(),
      close: () => {},
    };
  }

  async #trailers(): Promise<Outcome<Fields | undefined>> {
    const guarded = this.#guarded();
    try {
      while (!this.disposed && !this.#ended && this.#failure === undefined) {
        if (!guarded.isReady()) {
          guarded.expect?.(DISCARD_CHUNK);
          await untilReady(this.instance, guarded);
        }
        if (guarded.read(DISCARD_CHUNK) === undefined) this.#ended = true;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.disposed) return { tag: 'err', val: { tag: 'connection-terminated' } };
      return this.#fields(this.#source.trailers());
    } catch (thrown) {
      if (this.instance.fault !== undefined) throw thrown;
      this.#failure = asHttpFailure(thrown);
      return { tag: 'err', val: this.#failure.code };
    }
  }

  #fields(list: ReturnType<IncomingBodySource['trailers']>): Outcome<Fields | undefined> {
    if (list === undefined) return { tag: 'ok', val: undefined };
    const visible = withoutForbidden(list);
    if (exceededHeaderLimit(visible, this.instance.limits) !== undefined) {
      const tag = `HTTP-${this.#side}-trailer-section-size` as const;
      return { tag: 'err', val: { tag, val: sectionSize(visible) } };
    }
    const oversize = 'error';
    return {
      tag: 'ok',
      val: new Fields(this.instance, { list: visible, immutable: true, oversize }),
    };
  }

  protected override onDispose(): void {
    this.#source.close();
  }
}
