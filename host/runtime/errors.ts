import { SelvedgeError } from '../base/index.ts';

/** Why a function cannot be prepared, or cannot take a request now. */
export class RuntimeError extends SelvedgeError {}

/** More requests at once than the function's limit. Seconds until it is worth trying again. */
export function busy(concurrency: number): RuntimeError {
  return new RuntimeError({
    code: 'function-busy',
    status: 503,
    message: `the function already handles ${concurrency} requests, as many as it may`,
    fix: 'try again after the time in Retry-After, or raise limits.concurrency',
    details: { retryAfter: 1 },
  });
}
