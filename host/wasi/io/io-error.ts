import { WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';

/** `wasi:io/error.error`: why a stream operation failed. */
export class IoError extends HostResource {
  /** What failed, from which `filesystem-error-code` and its like read their typed codes. */
  readonly failure: StreamFailure;

  constructor(instance: WasiInstance, failure: StreamFailure) {
    super(instance);
    this.failure = failure;
  }

  toDebugString(): string {
    return this.failure.message;
  }
}

/**
 * Thrown by byte sources and sinks: the operation failed. `code` is the typed error of the package
 * the stream belongs to (an error code of filesystem, http or sockets); the message reaches the guest and so names nothing of the host.
 */
export class StreamFailure extends Error {
  readonly domain: 'filesystem' | 'http' | 'sockets' | 'io';
  readonly code: unknown;

  constructor(
    domain: 'filesystem' | 'http' | 'sockets' | 'io',
    code: unknown,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StreamFailure';
    this.domain = domain;
    this.code = code;
  }
}

/** `wasi:io/streams.stream-error` in the binder's shape. */
export type StreamError =
  | { readonly tag: 'last-operation-failed'; readonly val: IoError }
  | { readonly tag: 'closed' };

export function closed(): WasiError<StreamError> {
  return new WasiError<StreamError>({ tag: 'closed' });
}

/** Turns what a source or sink threw into the guest's `stream-error`; anything else goes on as a trap. */
export function streamError(instance: WasiInstance, thrown: unknown): unknown {
  if (thrown instanceof StreamFailure) {
    return new WasiError<StreamError>(
      { tag: 'last-operation-failed', val: new IoError(instance, thrown) },
      thrown,
    );
  }
  return thrown;
}
