import type { ByteSink } from '../io/index.ts';
import { Backlog } from './backlog.ts';
import { asHttpFailure, HttpFailure } from './error-code.ts';
import type { HeaderList } from './header-list.ts';
import type { Side } from './incoming-body.ts';

/** Where the body of a response or of an outgoing request goes. Exactly one of `finish` and `abort` is called, once, and last. */
export interface HttpBodySink extends Omit<ByteSink, 'close'> {
  /** The body is complete. Must not throw. */
  finish(trailers: HeaderList | undefined): void;
  /** The body will never be complete, and its receiver must be able to tell: reset, or close without the last chunk. Must not throw. */
  abort(failure: HttpFailure): void;
}

/** The host's end of a body that a guest writes. */
export interface OutgoingBodyHandle {
  /** As the headers declare it; held to by the pipe, so that what arrives never is more. */
  readonly contentLength: bigint | undefined;
  /** The guest has completed the body; all of it may not have been taken yet. */
  readonly finished: boolean;
  /** Sends the body to `sink`, beginning with what the guest has written by now. Once. */
  attach(sink: HttpBodySink): void;
  /** Nobody will take the body: the guest's stream is closed, without an error. For bodies that are never attached. */
  discard(): void;
}

/** Bytes that a guest may write before somebody takes the body. */
const UNATTACHED_MAX = 64 * 1024;

interface Waiter {
  readonly wake: () => void;
  stop: (() => void) | undefined;
}

/**
 * Carries a body from the guest's stream to the host's sink. A guest may write before its message is
 * sent, so up to 64 KiB wait here until a sink is attached; afterwards nothing is held.
 */
export class BodyPipe implements ByteSink, OutgoingBodyHandle {
  readonly contentLength: bigint | undefined;
  readonly #side: Side;
  /** Made when somebody waits: most bodies are written without. */
  #waiters: Set<Waiter> | undefined;
  #state: 'open' | 'finished' | 'failed' | 'discarded' = 'open';
  #failure: HttpFailure | undefined;
  #trailers: HeaderList | undefined;
  #sink: HttpBodySink | undefined;
  /** Made when the guest writes before there is a sink, or room in it. */
  #backlog: Backlog | undefined;
  #flushWanted = false;
  #written = 0n;
  #stopDraining: (() => void) | undefined;
  /** Tells the body resource that its stream is gone. */
  onStreamClosed: () => void = () => {};

  constructor(side: Side, contentLength: bigint | undefined) {
    this.#side = side;
    this.contentLength = contentLength;
  }

  get finished(): boolean {
    return this.#state === 'finished';
  }

  isReady(): boolean {
    if (this.#state !== 'open') return true;
    if (this.#sink === undefined) return this.#waiting < UNATTACHED_MAX;
    return this.#waiting === 0 && this.#sink.isReady();
  }

  subscribe(wake: () => void): () => void {
    const waiter: Waiter = { wake, stop: this.#sink?.subscribe(wake) };
    const waiters = (this.#waiters ??= new Set());
    waiters.add(waiter);
    return () => {
      waiters.delete(waiter);
      waiter.stop?.();
    };
  }

  permit(): number | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state !== 'open') return undefined;
    const sink = this.#sink;
    if (sink === undefined) return UNATTACHED_MAX - this.#waiting;
    return this.#waiting > 0 ? 0 : this.#guard(() => sink.permit());
  }

  /** Throws `HTTP-request-body-size` or `HTTP-response-body-size` for more than was declared. */
  write(bytes: Uint8Array): void {
    const total = this.#written + BigInt(bytes.length);
    if (this.contentLength !== undefined && total > this.contentLength)
      throw this.#fail(this.#sizeFailure(total));
    this.#written = total;
    const sink = this.#sink;
    // The permit may be from before the sink came, which may have less room.
    const room = sink === undefined || this.#waiting > 0 ? 0 : this.#guard(() => sink.permit());
    if (sink !== undefined && room !== undefined && bytes.length <= room)
      return this.#guard(() => sink.write(bytes));
    (this.#backlog ??= new Backlog()).push(bytes);
    if (sink !== undefined) this.#drain(sink);
  }

  /** Before a sink is there, what was written is as far as it can get: a guest may flush before it sends its message. */
  flush(): void {
    const sink = this.#sink;
    if (sink === undefined || this.#waiting > 0) this.#flushWanted = true;
    else this.#guard(() => sink.flush());
  }

  close(): void {
    this.onStreamClosed();
  }

  /** The guest declares the body complete. Throws `HttpFailure` if it is not what was declared, or has failed. */
  finish(trailers: HeaderList | undefined): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state !== 'open') return;
    if (this.contentLength !== undefined && this.#written !== this.contentLength) {
      throw this.#fail(this.#sizeFailure(this.#written));
    }
    this.#state = 'finished';
    this.#trailers = trailers;
    if (this.#sink !== undefined && this.#waiting === 0) this.#sink.finish(trailers);
  }

  /** The body will not be completed. Changes nothing once it is finished, or has failed. */
  abort(failure: HttpFailure): void {
    if (this.#state === 'open') this.#fail(failure);
  }

  /** The guest dropped the body without finishing it. */
  drop(): void {
    if (this.#state !== 'open') return;
    const tag = this.#side === 'response' ? 'HTTP-response-incomplete' : 'HTTP-protocol-error';
    this.#fail(new HttpFailure({ tag }, 'the body was dropped before it was finished'));
  }

  attach(sink: HttpBodySink): void {
    if (this.#sink !== undefined || this.#state === 'discarded')
      throw new Error('an outgoing body can be attached once');
    this.#sink = sink;
    if (this.#failure !== undefined) return sink.abort(this.#failure);
    for (const waiter of this.#waiters ?? []) waiter.stop = sink.subscribe(waiter.wake);
    this.#drain(sink);
  }

  discard(): void {
    if (this.#sink !== undefined) return;
    this.#backlog = undefined;
    if (this.#state !== 'failed') this.#state = 'discarded';
    this.#wake();
  }

  #drain(sink: HttpBodySink): void {
    this.#stopDraining?.();
    this.#stopDraining = undefined;
    try {
      while (this.#waiting > 0) {
        const permit = sink.permit();
        if (permit === undefined) throw new HttpFailure({ tag: 'connection-terminated' });
        if (permit === 0) {
          this.#stopDraining = sink.subscribe(() => this.#drain(sink));
          return;
        }
        const bytes = this.#backlog?.shift(permit);
        if (bytes !== undefined) sink.write(bytes);
      }
      this.#backlog = undefined;
      if (this.#flushWanted && this.#state === 'open') sink.flush();
      this.#flushWanted = false;
    } catch (thrown) {
      // Nobody above could handle it: this runs when the sink has room, not when the guest calls.
      this.#fail(drainFailure(thrown));
      return;
    }
    if (this.#state === 'finished') sink.finish(this.#trailers);
    this.#wake();
  }

  get #waiting(): number {
    return this.#backlog?.length ?? 0;
  }

  #sizeFailure(total: bigint): HttpFailure {
    const declared = `the body has ${total} bytes, its content-length declares ${this.contentLength}`;
    return new HttpFailure({ tag: `HTTP-${this.#side}-body-size`, val: total }, declared);
  }

  #guard<T>(operation: () => T): T {
    try {
      return operation();
    } catch (thrown) {
      throw this.#fail(asHttpFailure(thrown));
    }
  }

  #fail(failure: HttpFailure): HttpFailure {
    this.#state = 'failed';
    this.#failure = failure;
    this.#backlog = undefined;
    this.#stopDraining?.();
    this.#stopDraining = undefined;
    this.#sink?.abort(failure);
    this.#wake();
    return failure;
  }

  #wake(): void {
    if (this.#waiters === undefined) return;
    for (const waiter of Array.from(this.#waiters)) waiter.wake();
  }
}

function drainFailure(thrown: unknown): HttpFailure {
  return thrown instanceof HttpFailure
    ? thrown
    : new HttpFailure({ tag: 'internal-error', val: undefined }, undefined, thrown);
}
