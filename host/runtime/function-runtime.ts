import type { Clock } from '../base/index.ts';
import type { Linker } from '../capability/index.ts';
import type { BoundComponent } from '../component/index.ts';
import type { Isolation, Limits } from '../config/index.ts';
import { GuestFault, SubrequestBudget, WasiInstance } from '../wasi/index.ts';
import { busy } from './errors.ts';
import {
  faultOf,
  MAX_IDLE_MS,
  MAX_USES,
  ScopedSink,
  type Guest,
  type PooledGuest,
  type RunScope,
} from './guest.ts';
import { SharedGuests } from './shared-guests.ts';
import { GuestSessions, type SessionGuest } from './sessions.ts';

export interface FunctionRuntimeOptions {
  readonly bound: BoundComponent;
  readonly linker: Omit<Linker, 'preview1'>;
  readonly limits: Limits;
  readonly isolation: Isolation;
  readonly clock: Clock;
  /** Fills with bytes that nobody can guess: names of sessions are made of it. */
  readonly random: (bytes: Uint8Array) => void;
}

/** With `isolation = "instance"`: so many idle instances are kept. */
const MAX_IDLE = 64;

/** The end of every instance that did its work: made once, because a stack trace costs more than ending does. */
const DONE = new GuestFault({
  code: 'instance-ended',
  status: 500,
  message: 'the instance has ended',
});

interface IdleGuest {
  readonly guest: PooledGuest;
  readonly cancelExpiry: () => void;
}

/** One version of a function, ready to run: hands out instances and holds every run to its limits. */
export class FunctionRuntime implements AsyncDisposable {
  readonly limits: Limits;
  readonly binder: BoundComponent['binder'];
  readonly clock: Clock;
  /** Instances that stay between calls, each for one caller. */
  readonly sessions: GuestSessions;
  readonly #options: FunctionRuntimeOptions;
  readonly #idle: IdleGuest[] = [];
  readonly #live = new Set<WasiInstance>();
  readonly #shared: SharedGuests;
  #running = 0;
  #disposed = false;

  constructor(options: FunctionRuntimeOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.binder = options.bound.binder;
    this.clock = options.clock;
    this.sessions = new GuestSessions({
      clock: options.clock,
      random: options.random,
      atOnce: options.limits.concurrency,
      begin: (keep) => this.#begin(keep),
    });
    this.#shared = new SharedGuests({
      clock: options.clock,
      open: (scope) => this.#create(scope),
      end: (wasi, fault) => this.#end(wasi, fault),
    });
  }

  /** Requests being served now. */
  get running(): number {
    return this.#running;
  }

  /** Instances that exist now, idle ones included. */
  get instances(): number {
    return this.#live.size;
  }

  /**
   * Calls `work` with an instance that serves nobody else meanwhile. The instance is ended when the function's
   * time is over, when the scope is abandoned, and when `work` fails.
   *
   * Throws `RuntimeError` `function-busy`, and `GuestFault` for whatever the guest did: `guest-trapped`,
   * `guest-exited`, `limit-exceeded`, `timeout`, `client-gone`.
   */
  run<T>(scope: RunScope, work: (guest: Guest) => Promise<T>): Promise<T> {
    return this.#run(
      scope,
      work,
      () => this.#take(scope),
      (guest) => this.#give(guest),
    );
  }

  async #run<T>(
    scope: RunScope,
    work: (guest: Guest) => Promise<T>,
    take: () => Promise<PooledGuest>,
    give: (guest: PooledGuest) => void,
  ): Promise<T> {
    const { limits, clock } = this.#options;
    if (this.#running >= limits.concurrency) throw busy(limits.concurrency);
    this.#running += 1;
    let guest: PooledGuest | undefined;
    try {
      guest = await take();
      const { wasi } = guest;
      const stopTimer = clock.after(limits.timeout, () => wasi.end(timedOut(limits.timeout)));
      const stopListening = scope.onAbandoned((reason = clientGone()) => wasi.end(reason));
      try {
        const outcome = await wasi.wait(work(guest));
        give(guest);
        return outcome;
      } finally {
        stopTimer();
        stopListening();
      }
    } catch (thrown) {
      const fault = faultOf(thrown, guest?.wasi);
      if (guest !== undefined) this.#end(guest.wasi, fault);
      throw fault;
    } finally {
      this.#running -= 1;
    }
  }

  /**
   * As `run`, but with `isolation = "instance"` the instance may serve others meanwhile, as WASI 0.3 has it. Then a run
   * that is broken off leaves the instance to the others, and a trap of the guest ends the runs of all.
   */
  async share<T>(scope: RunScope, work: (guest: Guest) => Promise<T>): Promise<T> {
    const { limits, isolation, clock } = this.#options;
    if (isolation !== 'instance') return this.run(scope, work);
    if (this.#running >= limits.concurrency) throw busy(limits.concurrency);
    this.#running += 1;
    try {
      return await this.#shared.run(scope, work, (breakOff) => {
        const stopTimer = clock.after(limits.timeout, () => breakOff(timedOut(limits.timeout)));
        const stopListening = scope.onAbandoned((reason = clientGone()) => breakOff(reason));
        return () => {
          stopTimer();
          stopListening();
        };
      });
    } finally {
      this.#running -= 1;
    }
  }

  #take(scope: RunScope): Promise<PooledGuest> {
    const idle = scope.command === undefined ? this.#idle.pop() : undefined;
    if (idle === undefined) return this.#create(scope);
    idle.cancelExpiry();
    return Promise.resolve(resume(idle.guest, scope));
  }

  /** An instance that no request has used, for one session: it never goes into the pool. */
  #begin(ended: () => void): SessionGuest {
    let kept: PooledGuest | undefined;
    return {
      run: (scope, work) =>
        this.#run(
          scope,
          work,
          async () => {
            if (kept !== undefined) return resume(kept, scope);
            const guest = await this.#create(scope);
            guest.wasi.onEnd(ended);
            return guest;
          },
          (guest) => {
            kept = guest;
          },
        ),
      end: () => {
        if (kept !== undefined) this.#end(kept.wasi);
      },
    };
  }

  async #create(scope: RunScope): Promise<PooledGuest> {
    const { bound, linker, limits, clock } = this.#options;
    const serving = { scope };
    const subrequests = new SubrequestBudget(limits.subrequests);
    const wasi = new WasiInstance({
      limits,
      clock,
      denied: (denial) => serving.scope.denied(denial),
    });
    this.#live.add(wasi);
    try {
      const imports = linker.instantiate({
        instance: wasi,
        stdout: new ScopedSink(() => serving.scope.stdout),
        stderr: new ScopedSink(() => serving.scope.stderr),
        subrequests,
        command: scope.command,
      });
      const lifetime = {
        onEnd: (ending: () => void) => wasi.onEnd(ending),
        trapped: (thrown: unknown) => this.#end(wasi, faultOf(thrown, wasi)),
      };
      const exports = await bound.instantiate(imports, lifetime);
      return Object.assign(serving, {
        wasi,
        exports,
        subrequests,
        uses: 0,
        onOver: lifetime.onEnd,
      });
    } catch (thrown) {
      const fault = faultOf(thrown, wasi);
      this.#end(wasi, fault);
      throw fault;
    }
  }

  #give(guest: PooledGuest): void {
    guest.uses += 1;
    const reusable = this.#options.isolation === 'instance' && guest.scope.command === undefined;
    const keep =
      reusable && !this.#disposed && guest.uses < MAX_USES && this.#idle.length < MAX_IDLE;
    if (!keep) return this.#end(guest.wasi);
    const idle: IdleGuest = {
      guest,
      cancelExpiry: this.#options.clock.after(MAX_IDLE_MS, () => {
        this.#idle.splice(this.#idle.indexOf(idle), 1);
        this.#end(guest.wasi);
      }),
    };
    this.#idle.push(idle);
  }

  #end(wasi: WasiInstance, fault: Error = DONE): void {
    this.#live.delete(wasi);
    wasi.end(fault);
  }

  /** Ends every instance, those that serve a request too, and gives back what the version's grants hold. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.sessions.close();
    for (const { cancelExpiry } of this.#idle.splice(0)) cancelExpiry();
    this.#shared.dispose();
    for (const wasi of this.#live) this.#end(wasi, shutDown());
    await this.#options.linker[Symbol.asyncDispose]();
  }
}

/** Turns an instance to the request that it serves next. */
function resume(guest: PooledGuest, scope: RunScope): PooledGuest {
  guest.scope = scope;
  guest.subrequests.reset();
  return guest;
}

function timedOut(timeout: number): GuestFault {
  return new GuestFault({
    code: 'timeout',
    status: 504,
    message: `the function did not finish within ${timeout} ms`,
    fix: 'raise limits.timeout if the function needs longer',
  });
}

function clientGone(): GuestFault {
  return new GuestFault({
    code: 'client-gone',
    status: 499,
    message: 'the client left before the response was complete',
  });
}

function shutDown(): GuestFault {
  return new GuestFault({
    code: 'shutting-down',
    status: 503,
    message: 'the host is shutting down',
    fix: 'try again',
  });
}
