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
  matchModule?(
    module: CoreModule,
  ): { readonly entry: Entry; readonly program: Program } | undefined;
}

/** What a lane found to call. */
export interface Entry {
  /** In words, for `inspect`. */
  readonly callable: readonly string[];
  /** What it can do beside answering requests, where its functions have types. */
  readonly typed?: TypedEntry;
  /**
   * Serves one request. Resolves when the guest has done its part: the response is complete, or its last bytes
   * are on their way. Rejects with `GuestFault`, `RuntimeError` or `LaneError`, whether or not the response had
   * begun; one that had begun has been aborted by then.
   */
  serve(runtime: FunctionRuntime, exchange: HttpExchange, scope: RunScope): Promise<void>;
}

/** Functions with types: they can be described, and called by text. */
export interface TypedEntry {
  /** An OpenAPI 3.1 document; `server` is the URL or path that the function answers below. */
  document(server: string): object;
  /** Reads a call in WAVE. Throws `LaneError` `wave-invalid` (400), `export-unknown` (404). */
  readWave(text: string): {
    /** Where the call is posted. */
    readonly path: string;
    /** The arguments as JSON text. */
    readonly body: string;
    /** The answer's body as WAVE; `undefined` for an answer that is neither a result nor the function's own error. */
    answer(status: number, body: string): string | undefined;
  };
}
