import { WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { OutputStream } from '../io/index.ts';
import type { BodyPipe } from './body-pipe.ts';
import { asHttpFailure, type ErrorCode, HttpFailure } from './error-code.ts';
import type { Fields } from './fields.ts';
import { mayBeTrailers } from './header-list.ts';
import { ParentResource } from './parent.ts';

/** `wasi:http/types.outgoing-body`. Dropped without `finish` it aborts the message. */
export class OutgoingBody extends ParentResource {
  protected readonly kind = 'an outgoing-body';
  readonly #pipe: BodyPipe;
  #written = false;

  constructor(instance: WasiInstance, pipe: BodyPipe) {
    super(instance);
    this.#pipe = pipe;
  }

  write(): OutputStream {
    if (this.#written) throw new WasiError(undefined);
    const stream = new OutputStream(this.instance, this.#pipe);
    this.#written = true;
    this.#pipe.onStreamClosed = this.addChild();
    return stream;
  }

  /**
   * Fails with `HTTP-…-body-size` when the body is not as long as declared, with `HTTP-protocol-error` for
   * fields that may not be trailers (RFC 9110 §6.5.1), with the transport's code when sending failed.
   */
  static finish(body: OutgoingBody, trailers: Fields | undefined): void {
    body.instance.check();
    body.refuseOrphans('outgoing-body.finish was called');
    const list = trailers?.take();
    try {
      if (list !== undefined && !mayBeTrailers(list)) {
        const failure = new HttpFailure(
          { tag: 'HTTP-protocol-error' },
          'a field that may not be a trailer',
        );
        body.#pipe.abort(failure);
        throw failure;
      }
      body.#pipe.finish(list);
    } catch (thrown) {
      throw new WasiError<ErrorCode>(asHttpFailure(thrown).code, thrown);
    } finally {
      body[Symbol.dispose]();
    }
  }

  protected override onDispose(): void {
    // After `finish` the pipe is settled and this changes nothing.
    this.#pipe.drop();
  }
}
