import type { FunctionConfig } from '../config/index.ts';
import type { Entry, HttpExchange, TypedEntry } from '../lanes/index.ts';
import type { FunctionRuntime } from '../runtime/index.ts';
import type { LogBudget, Logger } from '../telemetry/index.ts';
import { GuestOutput } from './guest-output.ts';

export interface LiveFunctionOptions {
  readonly name: string;
  readonly lane: string;
  readonly config: FunctionConfig;
  readonly runtime: FunctionRuntime;
  readonly entry: Entry;
  /** Bytes of guest log per second, all requests together. */
  readonly logBudget: LogBudget;
}

/** Who asks: what a request's run is tied to. */
export interface Caller {
  /** Carries the request's ids. */
  readonly logger: Logger;
  /** As `RunScope.onAbandoned`. */
  onAbandoned(gone: (reason?: Error) => void): () => void;
}

/** A version of a function that is ready for requests. It outlives its replacement until its last request is over. */
export class LiveFunction {
  readonly name: string;
  readonly lane: string;
  readonly config: FunctionConfig;
  readonly runtime: FunctionRuntime;
  /** 0 while it is no version yet, and for a module that is served without becoming one. */
  version = 0;
  readonly #entry: Entry;
  readonly #logBudget: LogBudget;
  #inFlight = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: LiveFunctionOptions) {
    this.name = options.name;
    this.lane = options.lane;
    this.config = options.config;
    this.runtime = options.runtime;
    this.#entry = options.entry;
    this.#logBudget = options.logBudget;
  }

  /** What its lane can do beside answering requests, where its functions have types. */
  get typed(): TypedEntry | undefined {
    return this.#entry.typed;
  }

  /** Requests that it has begun and not finished. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** As `Entry.serve`. */
  async serve(exchange: HttpExchange, caller: Caller): Promise<void> {
    this.#inFlight += 1;
    const logger = caller.logger.child({ function: this.name, version: this.version });
    const budget = this.#logBudget.request(this.config.limits.logTotal);
    const stdout = new GuestOutput(logger, 'stdout', budget);
    const stderr = new GuestOutput(logger, 'stderr', budget);
    try {
      await this.#entry.serve(this.runtime, exchange, {
        stdout,
        stderr,
        denied: (denial) => logger.warn({ ...denial }, 'denied: outside of the grants'),
        onAbandoned: (gone) => caller.onAbandoned(gone),
      });
    } finally {
      stdout.end();
      stderr.end();
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#idle?.resolve();
    }
  }

  /** Resolves once its requests are over and what it held is given back. It must have been taken out of the routes. */
  async retire(): Promise<void> {
    if (this.#inFlight > 0) {
      this.#idle ??= Promise.withResolvers<void>();
      await this.#idle.promise;
    }
    this.#logBudget.close();
    await this.runtime[Symbol.asyncDispose]();
  }
}
