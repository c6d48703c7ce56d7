import { SelvedgeError, type Clock } from '../base/index.ts';
import type { WasiInstance } from '../wasi/index.ts';
import { faultOf, MAX_IDLE_MS, type Guest, type PooledGuest, type RunScope } from './guest.ts';

/**
 * Requests that one instance serves, at once or one after the other. jco forgets no task, stream or future of an
 * instance before its end (75 KB for the smallest request), and its scheduler looks at all of them when one goes on.
 */
const MAX_SHARED_USES = 512;
/** One that has served so many is not kept when it is idle. */
const MAX_IDLE_USES = 128;

interface SharedGuestsOptions {
  readonly clock: Clock;
  open(scope: RunScope): Promise<PooledGuest>;
  end(wasi: WasiInstance, fault?: Error): void;
}

interface Shared {
  readonly guest: Promise<PooledGuest>;
  /** Of the requests that it serves now, the newest last. */
  readonly scopes: Set<RunScope>;
  uses: number;
  /** Takes no more requests, and ends with the last of those it has. */
  retiring: boolean;
  cancelExpiry: () => void;
}

/** Instances that each serve many requests at once. */
export class SharedGuests {
  readonly #options: SharedGuestsOptions;
  readonly #all = new Set<Shared>();

  constructor(options: SharedGuestsOptions) {
    this.#options = options;
  }

  /** `watch` is given how to break the run off, and gives how to stop watching. */
  async run<T>(
    scope: RunScope,
    work: (guest: Guest) => Promise<T>,
    watch: (breakOff: (reason: Error) => void) => () => void,
  ): Promise<T> {
    const shared = this.#join(scope);
    const endings = new Set<() => void>();
    let reason: Error | undefined;
    let guest: PooledGuest | undefined;
    try {
      guest = await shared.guest;
      const { wasi, exports } = guest;
      guest.scope = scope;
      guest.subrequests.reset();
      const { promise: broken, reject } = Promise.withResolvers<never>();
      const stop = watch((given) => {
        reason ??= given;
        reject(given);
      });
      const onOver = (ending: () => void) => {
        endings.add(ending);
        return () => endings.delete(ending);
      };
      try {
        return await wasi.wait(Promise.race([work({ wasi, exports, onOver }), broken]));
      } finally {
        stop();
      }
    } catch (thrown) {
      const fault = reason ?? faultOf(thrown, guest?.wasi);
      // What the run has begun goes on in the guest, and nothing can take it out.
      if (reason !== undefined || guest === undefined) shared.retiring = true;
      else if (!(thrown instanceof SelvedgeError)) this.#options.end(guest.wasi, fault);
      throw fault;
    } finally {
      for (const ending of endings) ending();
      this.#leave(shared, scope, guest);
    }
  }

  dispose(): void {
    for (const shared of this.#all) this.#forget(shared);
  }

  #join(scope: RunScope): Shared {
    for (const shared of this.#all) {
      if (shared.retiring) continue;
      shared.cancelExpiry();
      return this.#enter(shared, scope);
    }
    const shared: Shared = {
      guest: this.#options.open(scope),
      scopes: new Set(),
      uses: 0,
      retiring: false,
      cancelExpiry: () => {},
    };
    this.#all.add(shared);
    return this.#enter(shared, scope);
  }

  #enter(shared: Shared, scope: RunScope): Shared {
    shared.scopes.add(scope);
    shared.uses += 1;
    if (shared.uses >= MAX_SHARED_USES) shared.retiring = true;
    return shared;
  }

  #leave(shared: Shared, scope: RunScope, guest: PooledGuest | undefined): void {
    shared.scopes.delete(scope);
    if (guest?.wasi.fault !== undefined) shared.retiring = true;
    // What the guest says from now on belongs to one of the requests that it still serves.
    const newest = [...shared.scopes].at(-1);
    if (guest?.scope === scope && newest !== undefined) guest.scope = newest;
    if (shared.scopes.size > 0) return;
    const end = () => {
      this.#forget(shared);
      if (guest !== undefined) this.#options.end(guest.wasi);
    };
    if (shared.retiring || shared.uses >= MAX_IDLE_USES) end();
    else shared.cancelExpiry = this.#options.clock.after(MAX_IDLE_MS, end);
  }

  #forget(shared: Shared): void {
    shared.retiring = true;
    shared.cancelExpiry();
    this.#all.delete(shared);
  }
}
