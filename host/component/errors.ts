import { quote, SelvedgeError } from '../base/index.ts';
import type { FailureDetails } from '../base/index.ts';

export { quote };

/**
 * The stable codes of this folder.
 *
 * - `not-webassembly` (400): the first eight bytes are not those of a component or core module.
 * - `unsupported-version` (422): WebAssembly, in a version or layer that this reader does not know.
 * - `malformed-component`, `malformed-module` (400): the bytes do not decode.
 * - `invalid-component`, `invalid-module` (422): they decode, and break a rule of validation.
 * - `invalid-name` (422): an import or export name outside the grammar of Explainer.md.
 * - `invalid-version` (422): not a semantic version.
 * - `limit-exceeded` (413): decoding was stopped at a limit of `ReadLimits`.
 */
export type ComponentErrorCode =
  | 'not-webassembly'
  | 'unsupported-version'
  | 'malformed-component'
  | 'malformed-module'
  | 'invalid-component'
  | 'invalid-module'
  | 'invalid-name'
  | 'invalid-version'
  | 'limit-exceeded';

const STATUS: { readonly [code in ComponentErrorCode]: number } = {
  'not-webassembly': 400,
  'unsupported-version': 422,
  'malformed-component': 400,
  'malformed-module': 400,
  'invalid-component': 422,
  'invalid-module': 422,
  'invalid-name': 422,
  'invalid-version': 422,
  'limit-exceeded': 413,
};

const DAMAGED = 'build or copy it again; `wasm-tools validate FILE` shows more';
const REJECTED = 'build it again with current tools; `wasm-tools validate FILE` shows more';

/** The way out where whoever throws knows no better one. */
const FIX: { readonly [code in ComponentErrorCode]?: string } = {
  'malformed-component': DAMAGED,
  'malformed-module': DAMAGED,
  'invalid-component': REJECTED,
  'invalid-module': REJECTED,
};

export interface ComponentFailure {
  readonly code: ComponentErrorCode;
  readonly message: string;
  /** Byte offset from the start of the upload, where there is one. */
  readonly offset?: number | undefined;
  readonly fix?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** Everything that reading a component or core module can throw. */
export class ComponentError extends SelvedgeError {
  declare readonly code: ComponentErrorCode;
  /** Byte offset from the start of the upload at which reading stopped. */
  readonly offset: number | undefined;

  constructor(failure: ComponentFailure) {
    super(describe(failure));
    this.offset = failure.offset;
  }
}

function describe(failure: ComponentFailure): FailureDetails {
  const { code, message, offset, fix = FIX[failure.code], details, cause } = failure;
  return {
    code,
    status: STATUS[code],
    message:
      offset === undefined ? message : `${message} (at byte ${offset}, 0x${offset.toString(16)})`,
    fix,
    cause,
    details: offset === undefined ? details : { ...details, offset },
  };
}
