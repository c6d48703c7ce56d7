import { SelvedgeError } from '../base/index.ts';
import type { CommandLine } from '../capability/index.ts';
import type { GuestExports } from '../component/index.ts';
import {
  GuestFault,
  type ByteSink,
  type Denial,
  type SubrequestBudget,
  type WasiInstance,
} from '../wasi/index.ts';

/** What one request gives the instance that serves it. */
export interface RunScope {
  /** Where the guest's output goes while it serves this request. */
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Told of everything the guest asks for that its grants do not cover. */
  denied(denial: Denial): void;
  /** Calls `gone` when nobody waits for the outcome any more, with the reason where it is not that the client left. Returns how to stop listening. */
  onAbandoned(gone: (reason?: Error) => void): () => void;
  /** Set where the guest is run as a command: such a run has an instance of its own, whatever the isolation. */
  readonly command?: CommandLine | undefined;
}

/** One instance of a function, as a lane sees it. */
export interface Guest {
  readonly wasi: WasiInstance;
  readonly exports: GuestExports;
  /**
   * Calls `ending` when this run is broken off: by its deadline, by a client that left, or by the end of the instance,
   * which others may share. Returns how to stop listening.
   */
  onOver(ending: () => void): () => void;
}

/** A guest that is kept for other requests. */
export interface PooledGuest extends Guest {
  /** Of the request it serves now, or served last. */
  scope: RunScope;
  readonly subrequests: SubrequestBudget;
  uses: number;
}

/** With `isolation = "instance"`: an idle instance is kept this long, and serves at most so many requests. */
export const MAX_IDLE_MS = 30_000;
export const MAX_USES = 10_000;

/** One of the guest's output streams: goes to the request that the instance serves now. */
export class ScopedSink implements ByteSink {
  readonly #target: () => ByteSink;

  constructor(target: () => ByteSink) {
    this.#target = target;
  }

  isReady(): boolean {
    return this.#target().isReady();
  }

  subscribe(wake: () => void): () => void {
    return this.#target().subscribe(wake);
  }

  permit(): number | undefined {
    return this.#target().permit();
  }

  write(bytes: Uint8Array): void {
    this.#target().write(bytes);
  }

  flush(): void {
    this.#target().flush();
  }

  /** The guest dropped its handle of the stream; the request's log goes on. */
  close(): void {}
}

/**
 * What a guest's call failed with. A fault that the host gave the instance comes first: it is the reason. Errors of
 * the project say themselves what they are; V8's traps, and what the binder's code threw, are traps of the guest.
 */
export function faultOf(thrown: unknown, wasi: WasiInstance | undefined): Error {
  if (wasi?.fault !== undefined) return wasi.fault;
  if (thrown instanceof SelvedgeError) return thrown;
  const message =
    thrown instanceof Error ? (thrown.message.split('\n', 1)[0] ?? '') : String(thrown);
  return new GuestFault({
    code: 'guest-trapped',
    status: 500,
    message: `the guest trapped: ${message.slice(0, 300)}`,
    cause: thrown,
  });
}
