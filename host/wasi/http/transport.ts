import type { OutgoingBodyHandle } from './body-pipe.ts';
import type { HeaderList } from './header-list.ts';
import type { IncomingBodySource } from './incoming-body.ts';
import type { RequestTimeouts } from './outgoing-request.ts';

/** A valid request that a guest wants sent. */
export interface OutgoingExchange {
  /** Any token but CONNECT, in its own case. */
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Host, and port if the guest gave one; no userinfo. Not resolved, not checked against any grant. */
  readonly authority: string;
  /** Begins with `/`, or is `*`. */
  readonly pathWithQuery: string;
  /** Valid fields, none of them forbidden, at most one `content-length`. */
  readonly headers: HeaderList;
  /** `undefined`: there is none. */
  readonly body: OutgoingBodyHandle | undefined;
  readonly timeouts: RequestTimeouts;
}

export interface IncomingExchange {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: IncomingBodySource;
}

/** What carries requests of guests out of the host, and decides whether it does. */
export interface HttpTransport {
  /**
   * Resolves when the response's head has arrived. Rejects with `HttpFailure` only; a sink that it attached
   * to the body takes no more then. After `signal` is aborted it frees the connection, whatever the state of
   * the exchange; the result is then of no interest.
   */
  send(request: OutgoingExchange, signal: AbortSignal): Promise<IncomingExchange>;
}

/** How many requests a guest may still send. One per instance, or set anew for each request that an instance serves. */
export class SubrequestBudget {
  readonly limit: number;
  #used = 0;
  #reported = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  take(): boolean {
    if (this.#used >= this.limit) return false;
    this.#used++;
    return true;
  }

  /** True once: a guest that goes on asking must not fill the log. */
  report(): boolean {
    const first = !this.#reported;
    this.#reported = true;
    return first;
  }

  reset(): void {
    this.#used = 0;
    this.#reported = false;
  }
}
