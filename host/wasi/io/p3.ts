import type { WasiInstance } from '../instance.ts';
import type { ByteSource } from './input-stream.ts';
import type { ByteSink } from './output-stream.ts';
import { untilReady } from './readiness.ts';

/** The reading end of a guest's `stream<u8>`, as the binder gives it. */
export interface GuestStream {
  /** Waits for the guest. One byte comes as a number. No read may begin before the last has ended. */
  read(options: { readonly count: number }): Promise<{
    readonly done?: boolean | undefined;
    readonly value?: number | Uint8Array | readonly number[] | undefined;
  }>;
  /** Nobody reads any more: the guest's next write finds the stream closed, and a read in progress ends. */
  [Symbol.dispose](): void;
}

/** A guest's `future<T>`, as the binder gives it: read when `then` is called. */
export type GuestFuture<T> = PromiseLike<T>;

/** A host's `stream<u8>`, as the binder takes it: read only when the guest reads, which is the back-pressure. */
export interface HostStream extends AsyncIterator<Uint8Array, undefined> {
  [Symbol.asyncIterator](): HostStream;
  /** The guest has dropped its end. */
  return(): Promise<IteratorResult<Uint8Array, undefined>>;
}

/** Most bytes that one read moves. */
const CHUNK = 64 * 1024;

const DONE = { done: true, value: undefined } as const;

/**
 * A source as a stream for the guest. A stream of WASI 0.3 has no errors, so that one which fails ends here;
 * `failed` is told, and says why in the future that goes with the stream. Dropping it early is for `dropped`.
 */
export function hostStream(
  instance: WasiInstance,
  source: ByteSource,
  told: { failed(failure: unknown): void; ended(): void; dropped(): void },
): HostStream {
  const stream: HostStream = {
    [Symbol.asyncIterator]: () => stream,
    async next() {
      try {
        for (;;) {
          if (!source.isReady()) {
            source.expect?.(CHUNK);
            await untilReady(instance, source);
          }
          instance.check();
          const value = source.read(CHUNK);
          if (value === undefined) {
            told.ended();
            return DONE;
          }
          if (value.length > 0) return { done: false, value };
        }
      } catch (thrown) {
        if (instance.fault !== undefined) throw thrown;
        told.failed(thrown);
        return DONE;
      }
    },
    async return() {
      told.dropped();
      return DONE;
    },
  };
  return stream;
}

/**
 * Moves a guest's stream into a sink, reading only what the sink has room for. Resolves `ended` at the stream's
 * end, `closed` when the sink takes no more. Rejects with what the sink throws, and when the instance is ended.
 */
export async function drain(
  instance: WasiInstance,
  stream: GuestStream,
  sink: ByteSink,
): Promise<'ended' | 'closed'> {
  try {
    for (;;) {
      if (!sink.isReady()) await untilReady(instance, sink);
      instance.check();
      const permit = sink.permit();
      if (permit === undefined) return 'closed';
      if (permit === 0) continue;
      const { value, done } = await stream.read({ count: Math.min(permit, CHUNK) });
      instance.check();
      if (value !== undefined) sink.write(bytesOf(value));
      if (done === true) return 'ended';
    }
  } finally {
    stream[Symbol.dispose]();
  }
}

function bytesOf(value: number | Uint8Array | readonly number[]): Uint8Array {
  if (typeof value === 'number') return Uint8Array.of(value);
  return value instanceof Uint8Array ? value : Uint8Array.from(value);
}

/** A `future<T>` whose work begins when the guest reads it, and never if it does not. */
export function lazyFuture<T>(start: () => Promise<T>): PromiseLike<T> {
  let started: Promise<T> | undefined;
  // oxlint-disable-next-line unicorn/no-thenable -- this is how the binder knows a future
  return { then: (resolve, reject) => (started ??= start()).then(resolve, reject) };
}
