import { SelvedgeError } from '../base/index.ts';
import type { FailureDetails } from '../base/index.ts';

/** Exit codes; `selvedge --help` documents them and scripts may rely on them. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

export interface CliFailure extends FailureDetails {
  readonly exitCode?: number;
  /** A command line that would work, to paste. */
  readonly example?: string | undefined;
}

/** What goes wrong on the caller's side of the admin API. */
export class CliError extends SelvedgeError {
  readonly exitCode: number;
  readonly example: string | undefined;

  constructor(failure: CliFailure) {
    super(failure);
    this.exitCode = failure.exitCode ?? exitCodes.failed;
    this.example = failure.example;
  }
}

/** A command line that cannot be understood: exit code 2. */
export function usageError(message: string, fix?: string, example?: string): CliError {
  return new CliError({
    code: 'bad-usage',
    status: 400,
    message,
    fix,
    example,
    exitCode: exitCodes.usage,
  });
}
