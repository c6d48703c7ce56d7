import type { Component, CoreModule } from '../component/index.ts';
import type { FunctionRuntime, Program, RunScope } from '../runtime/index.ts';
import type { HttpExchange } from './http-exchange.ts';

/** One way of calling a guest. */
export interface Lane {
  /** Stable, shown to operators: `http-0.2`. */
  readonly name: string;
  /** What components it takes, for the refusal of an upload that no lane takes; present with `match`. */
  readonly takes?: string;
  /** How to call this component by this lane; `undefined` when it is not one of the lane's. */
  match?(component: Component): Entry | undefined;
  /** As `takes`, of core modules; present with `matchModule`. */
  readonly takesModule?: string;
  /** As `match`, for a core module: with what it is run as. */
  matchModule?(module: CoreModule): { readonly entry: Entry; readonly program: Program } | undefined;
}

/** What a lane found to call. */
export interface Entry {
  /** In words, for `inspect`. */
  readonly callable: readonly string[];
  /**
   * Serves one request. Resolves when the guest has done its part: the response is complete, or its last bytes
   * are on their way. Rejects with `GuestFault`, `RuntimeError` or `LaneError`, whether or not the response had
   * begun; one that had begun has been aborted by then.
   */
  serve(runtime: FunctionRuntime, exchange: HttpExchange, scope: RunScope): Promise<void>;
}
