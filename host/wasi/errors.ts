import { SelvedgeError } from '../base/index.ts';

/**
 * The `err` of a WIT `result`, thrown by a host function: the binder lowers `payload`.
 * Every other error that a host function throws traps the guest.
 */
export class WasiError<T = unknown> extends Error {
  readonly payload: T;

  constructor(payload: T, cause?: unknown) {
    super(
      typeof payload === 'string' ? payload : 'wasi error',
      cause === undefined ? undefined : { cause },
    );
    this.name = 'WasiError';
    this.payload = payload;
  }
}

/**
 * Why a guest was ended by the host, or traps: a broken rule of WASI or of the canonical ABI,
 * a limit, a deadline, a client that left. `code` is one of the stable codes of problem documents.
 */
export class GuestFault extends SelvedgeError {}

/** The guest broke a rule for which the specification prescribes a trap. */
export function trap(message: string): GuestFault {
  return new GuestFault({ code: 'guest-trapped', status: 500, message });
}

/** The guest asked for more than one of its limits allows. `key` is the name in `limits`. */
export function overLimit(key: string, limit: number, what: string): GuestFault {
  return new GuestFault({
    code: 'limit-exceeded',
    status: 500,
    message: `the guest asked for more than ${limit} ${what}`,
    fix: `raise limits.${key} if the function needs it`,
    details: { limit: key, value: limit },
  });
}
