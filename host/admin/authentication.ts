import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/index.ts';
import { Attempts } from './attempts.ts';
import { AdminError } from './errors.ts';

/**
 * Checks the bearer token (RFC 6750) of a request. Throws `AdminError` `unauthorized` (401), the same for every
 * reason, or `too-many-attempts` (429, with `retryAfter`) for an address that guessed too often.
 */
export type Authenticate = (authorization: string | undefined, address: string) => void;

export function createAuthentication(token: string, clock: Clock): Authenticate {
  const expected = digest(token);
  const attempts = new Attempts(clock);
  return (authorization, address) => {
    const wait = attempts.wait(address);
    // Not even compared: a guess that is answered is a guess that was made.
    if (wait > 0 && !attempts.isKnown(address)) throw tooMany(wait);
    const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
    // Digests have one length, so the time tells nothing of the token, not even its length (RFC 9110 section 17.17).
    if (timingSafeEqual(digest(given), expected)) {
      attempts.succeeded(address);
      return;
    }
    if (wait > 0) throw tooMany(wait);
    attempts.failed(address);
    throw new AdminError({
      code: 'unauthorized',
      status: 401,
      message: 'this needs the admin token',
      fix: 'send authorization: Bearer TOKEN; the token is in DATA/admin-token, or what SELVEDGE_ADMIN_TOKEN was',
    });
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function tooMany(seconds: number): AdminError {
  return new AdminError({
    code: 'too-many-attempts',
    status: 429,
    message: 'too many wrong tokens came from this address',
    fix: 'wait for the time in Retry-After, then send the right token',
    details: { retryAfter: seconds },
  });
}
