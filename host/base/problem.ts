import { SelvedgeError } from './errors.ts';

/** Problem details (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly fix?: string;
  readonly [member: string]: unknown;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/**
 * What the wire is told of an error. One that is none of the project's says nothing of itself: its text may
 * name paths and internals; it belongs into the log.
 */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof SelvedgeError)) {
    return problem('internal', 500, 'the host failed to do this; its log says why');
  }
  return {
    ...error.details,
    ...problem(error.code, error.status, error.message),
    ...(error.fix === undefined ? {} : { fix: error.fix }),
  };
}

function problem(code: string, status: number, detail: string): Problem {
  return {
    type: `https://selvedge.dev/problems/${code}`,
    title: titleOf(code),
    status,
    detail,
    code,
  };
}

/** `limit-exceeded` becomes `Limit exceeded`. */
function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Seconds for `Retry-After`, where the error knows them. */
export function retryAfterOf(error: unknown): number | undefined {
  const seconds = error instanceof SelvedgeError ? error.details?.['retryAfter'] : undefined;
  return typeof seconds === 'number' ? seconds : undefined;
}
