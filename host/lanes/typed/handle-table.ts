import type { Handles, ResourceType } from '../../component/index.ts';
import type { GuestSession } from '../../runtime/index.ts';

interface Held {
  readonly resource: ResourceType;
  readonly value: object;
}

/** `SESSION.NUMBER`: the session's name is what nobody guesses. */
const HANDLE = /^([\w-]{32})\.([1-9]\d{0,9})$/;

export function sessionOf(handle: string): string | undefined {
  return HANDLE.exec(handle)?.[1];
}

/** The resources that one session's caller holds. */
export class HandleTable implements Handles {
  readonly #session: GuestSession;
  readonly #most: number;
  readonly #held = new Map<string, Held>();
  #last = 0;

  /** `most`: handles at once, as `limits.handles`. */
  constructor(session: GuestSession, most: number) {
    this.#session = session;
    this.#most = most;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Whether more handles are held than may be: then the session must end. */
  get isOver(): boolean {
    return this.#held.size > this.#most;
  }

  give(resource: ResourceType, value: object): string {
    this.#last += 1;
    const handle = `${this.#session.id}.${this.#last}`;
    this.#held.set(handle, { resource, value });
    return handle;
  }

  take(resource: ResourceType, handle: string, own: boolean): object | undefined {
    const held = this.#held.get(handle);
    if (held?.resource !== resource) return undefined;
    if (own) this.#held.delete(handle);
    return held.value;
  }

  /**
   * What `convert` takes, or nothing of it where it throws: a wrong argument must not cost the caller the handles
   * that stood before it.
   */
  taking<T>(convert: () => T): T {
    const before = new Map(this.#held);
    try {
      return convert();
    } catch (thrown) {
      this.#held.clear();
      for (const [handle, held] of before) this.#held.set(handle, held);
      throw thrown;
    }
  }
}

/** For calls without a session: no text is a handle, and the guest gives none. */
export const noHandles: Handles = {
  give() {
    throw new TypeError('a handle was given where the type has none');
  },
  take: () => undefined,
};
