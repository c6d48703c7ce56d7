/**
 * What every failure that a person or a program may see has in common.
 *
 * `code` is stable and kebab-case, `status` the HTTP status it becomes on the wire (RFC 9457),
 * `message` one sentence for the person who reads it, `fix` the way out.
 */
export interface FailureDetails {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  /** What to do about it, as an imperative sentence or a line to paste. */
  readonly fix?: string | undefined;
  readonly cause?: unknown;
  /** Further members of the problem document; must be JSON and hold no secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** The root of each layer's one error class. Nothing is thrown that is not an `Error`. */
export abstract class SelvedgeError extends Error {
  readonly code: string;
  readonly status: number;
  readonly fix: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(failure: FailureDetails) {
    super(failure.message, failure.cause === undefined ? undefined : { cause: failure.cause });
    this.name = new.target.name;
    this.code = failure.code;
    this.status = failure.status;
    this.fix = failure.fix;
    this.details = failure.details;
  }
}
