/** What passes between the host and the disposable process in which jco runs. */
export interface TranspileRequest {
  readonly bytes: Uint8Array;
  /** Imported functions bound as suspending. */
  readonly blocking: readonly string[];
  /** Exported functions that callers await. */
  readonly exports: readonly string[];
  /** Imported interfaces, by name with version, that are taken from another key of the host objects than their bare name. */
  readonly map: readonly (readonly [name: string, key: string])[];
}

export interface Transpiled {
  /** The module that jco emits, as source text. */
  readonly source: string;
  /** Core modules by the path under which `source` asks for them. */
  readonly modules: readonly (readonly [path: string, bytes: Uint8Array])[];
}

export type TranspileReply =
  | { readonly ok: true; readonly transpiled: Transpiled }
  /** `stage`: what refused it. */
  | {
      readonly ok: false;
      readonly stage: 'transpile' | 'compile' | 'instantiate';
      readonly message: string;
    };
