import type { WasiInstance } from '../../instance.ts';
import { drain, type GuestFuture, type GuestStream, hostStream, lazyFuture } from '../../io/p3.ts';
import { BodyPipe, type OutgoingBodyHandle } from '../body-pipe.ts';
import { asHttpFailure, type ErrorCode, HttpFailure } from '../error-code.ts';
import type { Fields } from '../fields.ts';
import { mayBeTrailers } from '../header-list.ts';
import type { Outcome, Side } from '../incoming-body.ts';
import type { ConsumedBody } from './incoming-body.ts';

export type GuestTrailers = GuestFuture<Outcome<Fields | undefined>>;

/** A body that is on its way from the guest to a sink. */
export interface OutgoingTransfer {
  readonly body: OutgoingBodyHandle;
  /** Settles when the guest has done its part, or the body failed: `undefined`, or why it is not complete. */
  readonly done: Promise<HttpFailure | undefined>;
  /** The receiver is gone: the guest's stream is closed, and what was begun is aborted. */
  cancel(): void;
}

/** The body of a message that a guest made: its stream, the future of its trailers, and the guest's interest in the outcome. */
export class OutgoingContents {
  readonly #contents: GuestStream | undefined;
  readonly #trailers: GuestTrailers;
  readonly #outcome = Promise.withResolvers<Outcome<undefined>>();

  constructor(contents: GuestStream | undefined, trailers: GuestTrailers) {
    this.#contents = contents;
    this.#trailers = trailers;
  }

  get empty(): boolean {
    return this.#contents === undefined;
  }

  /** What the guest's future says: whether the message was sent. */
  get sent(): Promise<Outcome<undefined>> {
    return this.#outcome.promise;
  }

  /** Nobody will send it. */
  discard(code: ErrorCode = { tag: 'connection-terminated' }): void {
    this.settle({ tag: 'err', val: code });
    this.#contents?.[Symbol.dispose]();
  }

  settle(outcome: Outcome<undefined>): void {
    this.#outcome.resolve(outcome);
  }

  /** Starts to move the body; reading waits until somebody takes it. Once. */
  send(instance: WasiInstance, side: Side, declared: bigint | undefined): OutgoingTransfer {
    const pipe = new BodyPipe(side, declared);
    const done = this.#move(instance, pipe).then(
      () => {
        this.settle({ tag: 'ok', val: undefined });
        return undefined;
      },
      (thrown: unknown) => {
        const failure =
          instance.fault === undefined
            ? asHttpFailure(thrown)
            : new HttpFailure({
                tag: side === 'response' ? 'HTTP-response-incomplete' : 'connection-terminated',
              });
        this.settle({ tag: 'err', val: failure.code });
        pipe.abort(failure);
        return failure;
      },
    );
    return {
      body: pipe,
      done,
      cancel: () => {
        pipe.abort(new HttpFailure({ tag: 'connection-terminated' }));
        this.#contents?.[Symbol.dispose]();
      },
    };
  }

  async #move(instance: WasiInstance, pipe: BodyPipe): Promise<void> {
    if (this.#contents !== undefined) {
      const end = await drain(instance, this.#contents, pipe);
      if (end === 'closed') throw new HttpFailure({ tag: 'connection-terminated' });
    }
    const trailers = await instance.wait(Promise.resolve(this.#trailers));
    if (trailers.tag === 'err')
      throw new HttpFailure(trailers.val, 'the guest gave an error in place of trailers');
    const list = trailers.val?.take();
    if (list !== undefined && !mayBeTrailers(list))
      throw new HttpFailure({ tag: 'HTTP-protocol-error' }, 'a field that may not be a trailer');
    pipe.finish(list);
  }

  /** The guest reads what it wrote itself. */
  consume(instance: WasiInstance): ConsumedBody {
    this.settle({ tag: 'ok', val: undefined });
    const contents = this.#contents;
    if (contents === undefined) return [emptyStream(instance), this.#trailersAgain()];
    const stream = {
      [Symbol.asyncIterator]: () => stream,
      async next(): Promise<IteratorResult<Uint8Array, undefined>> {
        const { done, value } = await contents.read({ count: 64 * 1024 });
        if (done === true || value === undefined) return { done: true, value: undefined };
        if (typeof value === 'number') return { done: false, value: Uint8Array.of(value) };
        return { done: false, value: Uint8Array.from(value) };
      },
      async return(): Promise<IteratorResult<Uint8Array, undefined>> {
        contents[Symbol.dispose]();
        return { done: true, value: undefined };
      },
    };
    return [stream, this.#trailersAgain()];
  }

  #trailersAgain(): ConsumedBody[1] {
    return lazyFuture(async () => this.#trailers);
  }
}

function emptyStream(instance: WasiInstance): ConsumedBody[0] {
  const source = {
    isReady: () => true,
    subscribe: () => () => {},
    read: () => undefined,
    close: () => {},
  };
  return hostStream(instance, source, { failed: () => {}, ended: () => {}, dropped: () => {} });
}
