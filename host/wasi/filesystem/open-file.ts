import { failure } from './errno.ts';

/** How many files one instance holds open (`limits.files`). Over it is `insufficient-memory`: the WIT has no `EMFILE`. */
export class FileSlots {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes a slot, and returns how to give it back. */
  take(): () => void {
    if (this.#taken >= this.#limit) throw failure('insufficient-memory');
    this.#taken += 1;
    let held = true;
    return () => {
      if (held) this.#taken -= 1;
      held = false;
    };
  }
}

/**
 * An open descriptor that is closed when its last user lets go. Users are the guest's handle, its streams,
 * and every call in flight: a number that were closed under a call in another thread could by then
 * mean somebody else's file.
 */
export class OpenFile {
  readonly fd: number;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly #close: () => void;
  #users = 1;

  constructor(
    fd: number,
    identity: { readonly dev: bigint; readonly ino: bigint },
    close: () => void,
  ) {
    this.fd = fd;
    this.dev = identity.dev;
    this.ino = identity.ino;
    this.#close = close;
  }

  /** One user more, who calls `release` once. */
  retain(): this {
    if (this.#users === 0) throw failure('bad-descriptor');
    this.#users += 1;
    return this;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#close();
  }

  /** Keeps the descriptor open while `work` runs. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.retain();
    try {
      return await work();
    } finally {
      this.release();
    }
  }
}
