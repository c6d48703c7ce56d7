import type { Clock } from '../base/index.ts';
import { RuntimeError } from './errors.ts';
import type { Guest, RunScope } from './guest.ts';

/** Without a call for so long, a session ends; and it ends at the latest after its lifetime. Milliseconds. */
const IDLE_MS = 5 * 60_000;
const LIFETIME_MS = 60 * 60_000;
/** Sessions of one version at once; never more than requests at once. */
const MAX_SESSIONS = 64;
/** 192 bits: nobody guesses the name of a session. */
const ID_BYTES = 24;

/** An instance that its session alone uses. */
export interface SessionGuest {
  run<T>(scope: RunScope, work: (guest: Guest) => Promise<T>): Promise<T>;
  end(): void;
}

export interface GuestSessionsOptions {
  readonly clock: Clock;
  readonly random: (bytes: Uint8Array) => void;
  /** Requests at once. */
  readonly atOnce: number;
  /** Makes a guest that calls `ended` when its instance is ended, whatever the reason. */
  begin(ended: () => void): SessionGuest;
}

/** One caller's instance: it stays between calls, so that resources of the guest's do. */
export interface GuestSession {
  /** Unguessable; who knows it and is its owner may call. */
  readonly id: string;
  /** Whether it has ended; then no call begins any more. */
  readonly ended: boolean;
  /**
   * As `FunctionRuntime.run`, always with the same instance. Whatever a call fails with ends the instance and so the
   * session. Throws `RuntimeError` `session-busy` (409): an instance serves one call at a time.
   */
  run<T>(scope: RunScope, work: (guest: Guest) => Promise<T>): Promise<T>;
  end(): void;
}

class Session implements GuestSession {
  readonly id: string;
  /** Who may use it; compared whole. */
  readonly owner: string;
  ended = false;
  readonly #clock: Clock;
  readonly #guest: SessionGuest;
  readonly #gone: () => void;
  readonly #cancelLifetime: () => void;
  #cancelIdle: () => void = () => {};
  #busy = false;

  constructor(id: string, owner: string, options: GuestSessionsOptions, gone: () => void) {
    this.id = id;
    this.owner = owner;
    const { clock } = options;
    this.#clock = clock;
    this.#gone = gone;
    this.#guest = options.begin(() => this.end());
    this.#cancelLifetime = clock.after(LIFETIME_MS, () => this.end());
  }

  async run<T>(scope: RunScope, work: (guest: Guest) => Promise<T>): Promise<T> {
    if (this.#busy) throw sessionBusy();
    this.#busy = true;
    this.#cancelIdle();
    try {
      return await this.#guest.run(scope, work);
    } finally {
      this.#busy = false;
      if (!this.ended) this.#cancelIdle = this.#clock.after(IDLE_MS, () => this.end());
    }
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#cancelIdle();
    this.#cancelLifetime();
    this.#gone();
    this.#guest.end();
  }
}

/** The sessions of one version of a function. They end with it. */
export class GuestSessions {
  readonly #options: GuestSessionsOptions;
  readonly #open = new Map<string, Session>();

  constructor(options: GuestSessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Throws `RuntimeError` `sessions-full` (503). Its instance is made by the first call. */
  open(owner: string): GuestSession {
    const most = Math.min(MAX_SESSIONS, this.#options.atOnce);
    if (this.#open.size >= most) throw sessionsFull(most);
    const bytes = new Uint8Array(ID_BYTES);
    this.#options.random(bytes);
    const id = bytes.toBase64({ alphabet: 'base64url' });
    const session = new Session(id, owner, this.#options, () => this.#open.delete(id));
    this.#open.set(id, session);
    return session;
  }

  /** `undefined` for one that is not there, has ended, or is somebody else's: which of them is nobody's to know. */
  find(id: string, owner: string): GuestSession | undefined {
    const session = this.#open.get(id);
    return session?.owner === owner ? session : undefined;
  }

  /** Ends all. */
  close(): void {
    for (const session of this.#open.values()) session.end();
  }
}

function sessionsFull(most: number): RuntimeError {
  return new RuntimeError({
    code: 'sessions-full',
    status: 503,
    message: `the function has ${most} sessions, as many as it may`,
    fix: 'drop handles that are not needed (DELETE), or try again after the time in Retry-After',
    details: { retryAfter: 30 },
  });
}

function sessionBusy(): RuntimeError {
  return new RuntimeError({
    code: 'session-busy',
    status: 409,
    message: 'the session serves another call now, and its instance can do but one at a time',
    fix: 'call again when the other call has been answered',
  });
}
