import type { Clock } from '../base/index.ts';
import type { Linker } from '../capability/index.ts';
import type { BoundComponent } from '../component/index.ts';
import type { Isolation, Limits } from '../config/index.ts';
import { GuestFault, SubrequestBudget, WasiInstance } from '../wasi/index.ts';
import { busy } from './errors.ts';
import { faultOf, ScopedSink, type Guest, type RunScope } from './guest.ts';

export interface FunctionRuntimeOptions {
  readonly bound: BoundComponent;
  readonly linker: Linker;
  readonly limits: Limits;
  readonly isolation: Isolation;
  readonly clock: Clock;
}

/** With `isolation = "instance"`: an idle instance is kept this long, and serves at most so many requests. */
const MAX_IDLE_MS = 30_000;
const MAX_IDLE = 64;
const MAX_USES = 10_000;

/** The end of every instance that did its work: made once, because a stack trace costs more than ending does. */
const DONE = new GuestFault({ code: 'instance-ended', status: 500, message: 'the instance has ended' });

interface PooledGuest extends Guest {
  /** Of the request it serves now, or served last. */
  scope: RunScope;
  readonly subrequests: SubrequestBudget;
  uses: number;
}

interface IdleGuest {
  readonly guest: PooledGuest;
  readonly cancelExpiry: () => void;
}

/** One version of a function, ready to run: hands out instances and holds every run to its limits. */
export class FunctionRuntime implements AsyncDisposable {
  readonly limits: Limits;
  readonly binder: BoundComponent['binder'];
  readonly clock: Clock;
  readonly #options: FunctionRuntimeOptions;
  readonly #idle: IdleGuest[] = [];
  readonly #live = new Set<WasiInstance>();
  #running = 0;
  #disposed = false;

  constructor(options: FunctionRuntimeOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.binder = options.bound.binder;
    this.clock = options.clock;
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
  async run<T>(scope: RunScope, work: (guest: Guest) => Promise<T>): Promise<T> {
    const { limits, clock } = this.#options;
    if (this.#running >= limits.concurrency) throw busy(limits.concurrency);
    this.#running += 1;
    let guest: PooledGuest | undefined;
    try {
      guest = await this.#take(scope);
      const { wasi } = guest;
      const stopTimer = clock.after(limits.timeout, () => wasi.end(timedOut(limits.timeout)));
      const stopListening = scope.onAbandoned((reason = clientGone()) => wasi.end(reason));
      try {
        const outcome = await wasi.wait(work(guest));
        this.#give(guest);
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

  async #take(scope: RunScope): Promise<PooledGuest> {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.cancelExpiry();
      idle.guest.scope = scope;
      idle.guest.subrequests.reset();
      return idle.guest;
    }
    const { bound, linker, limits, clock } = this.#options;
    const serving = { scope };
    const subrequests = new SubrequestBudget(limits.subrequests);
    const wasi = new WasiInstance({ limits, clock, denied: (denial) => serving.scope.denied(denial) });
    this.#live.add(wasi);
    try {
      const imports = linker.instantiate({
        instance: wasi,
        stdout: new ScopedSink(() => serving.scope.stdout),
        stderr: new ScopedSink(() => serving.scope.stderr),
        subrequests,
      });
      return Object.assign(serving, { wasi, exports: await bound.instantiate(imports), subrequests, uses: 0 });
    } catch (thrown) {
      const fault = faultOf(thrown, wasi);
      this.#end(wasi, fault);
      throw fault;
    }
  }

  #give(guest: PooledGuest): void {
    guest.uses += 1;
    const keep =
      this.#options.isolation === 'instance' && !this.#disposed && guest.uses < MAX_USES && this.#idle.length < MAX_IDLE;
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
    for (const { cancelExpiry } of this.#idle.splice(0)) cancelExpiry();
    for (const wasi of this.#live) this.#end(wasi, shutDown());
    await this.#options.linker[Symbol.asyncDispose]();
  }
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
  return new GuestFault({ code: 'client-gone', status: 499, message: 'the client left before the response was complete' });
}

function shutDown(): GuestFault {
  return new GuestFault({ code: 'shutting-down', status: 503, message: 'the host is shutting down', fix: 'try again' });
}
