import type { WasiLimits } from '../instance.ts';

/** Header or trailer fields in their order; a name may occur more than once. Never changed after it is made. */
export type HeaderList = readonly (readonly [name: string, value: Uint8Array])[];

/** What HTTP/2 counts for a field besides its name and value (RFC 9113 §6.5.2). */
const FIELD_OVERHEAD = 32;

/**
 * Fields that belong to a connection, to the framing or to the target, and so to the host: no guest may set
 * them, and none sees them. The same nine as Wasmtime's.
 */
const FORBIDDEN = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Fields without which a message cannot be framed, routed or read, and which so come too late in trailers (RFC 9110 §6.5.1). */
const NOT_IN_TRAILERS = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'trailer',
]);

export function isForbidden(lowerName: string): boolean {
  return FORBIDDEN.has(lowerName);
}

export function mayBeTrailers(list: HeaderList): boolean {
  return !list.some(([name]) => NOT_IN_TRAILERS.has(name.toLowerCase()));
}

/** The list without what guests may not see. */
export function withoutForbidden(list: HeaderList): HeaderList {
  return list.some(([name]) => FORBIDDEN.has(name.toLowerCase()))
    ? list.filter(([name]) => !FORBIDDEN.has(name.toLowerCase()))
    : list;
}

/** Bytes that one field counts for against `limits.headers`. */
export function fieldSize(name: string, value: Uint8Array): number {
  return name.length + value.length + FIELD_OVERHEAD;
}

/** Bytes that a list counts for against `limits.headers`. */
export function sectionSize(list: HeaderList): number {
  let size = 0;
  for (const [name, value] of list) size += fieldSize(name, value);
  return size;
}

/** Which limit a list breaks, if any. */
export function exceededHeaderLimit(
  list: HeaderList,
  limits: Pick<WasiLimits, 'headers' | 'headerCount'>,
): 'headers' | 'headerCount' | undefined {
  if (list.length > limits.headerCount) return 'headerCount';
  return sectionSize(list) > limits.headers ? 'headers' : undefined;
}

const DIGITS = /^[0-9]{1,19}$/;
const latin1 = new TextDecoder('latin1');

/**
 * The declared `Content-Length` (RFC 9110 §8.6): `undefined` when there is none, `invalid` when it is not
 * one decimal number. A second field is invalid even when it agrees: a sender must not repeat it.
 */
export function contentLength(list: HeaderList): bigint | undefined | 'invalid' {
  let found: bigint | undefined;
  for (const [name, value] of list) {
    if (name.length !== 14 || name.toLowerCase() !== 'content-length') continue;
    const text = latin1.decode(value);
    if (found !== undefined || !DIGITS.test(text)) return 'invalid';
    found = BigInt(text);
  }
  return found;
}
