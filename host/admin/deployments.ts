import type { FunctionVersion, PublishResult } from '../registry/index.ts';
import type { Caller, TypedAnswer, TypedCall } from '../traffic/index.ts';
import type { JsonObject, StagedArtifact } from '../store/index.ts';

/** Why a function that is deployed cannot be served. */
export interface NotServing {
  readonly code: string;
  readonly message: string;
  readonly fix: string | undefined;
}

export type Serving =
  | NotServing
  | { readonly inFlight: number; readonly runtime: { readonly instances: number } };

/** What an upload would be. */
export interface InspectedUpload {
  readonly sha256: string;
  readonly size: number;
  readonly lane: string;
  readonly binder: string;
  readonly warnings: readonly string[];
}

/** The part of the data plane that the control plane works with. */
export interface AdminDeployments {
  inspect(name: string, staged: StagedArtifact, raw: JsonObject): Promise<InspectedUpload>;
  deploy(
    name: string,
    staged: StagedArtifact,
    raw: JsonObject,
    options: { readonly origin: 'upload'; readonly activate: boolean },
  ): Promise<PublishResult>;
  activate(name: string, version: number): Promise<FunctionVersion>;
  rollback(name: string): Promise<FunctionVersion>;
  remove(name: string): Promise<void>;
  status(name: string): Serving | undefined;
  document(name: string, server: string): object;
  call(name: string, call: TypedCall, caller: Caller): Promise<TypedAnswer>;
}
