import type { IncomingMessage } from 'node:http';
import { GatewayError } from './errors.ts';

/** RFC 9110 section 4.1 asks for 8000 at least; what a browser's address bar takes is below this. */
const MAX_TARGET_BYTES = 32 * 1024;

/**
 * Throws what Node's parser lets pass and a recipient in front or behind could read in another way: `bad-request`
 * (400), `uri-too-long` (414), `expectation-failed` (417), `coding-not-supported` (501).
 */
export function checkHead(incoming: IncomingMessage): void {
  checkHost(incoming);
  checkFraming(incoming);
  checkTarget(incoming.url ?? '', incoming.method);
  const { expect } = incoming.headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    throw new GatewayError({
      code: 'expectation-failed',
      status: 417,
      message: 'the only expectation that is met is 100-continue',
    });
  }
}

/** RFC 9112 section 3.2: exactly one Host of a request since HTTP/1.1, and it must be one. */
function checkHost({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  if (count === 0 && httpVersion === '1.0') return;
  if (count !== 1) throw badRequest(`a request needs exactly one Host, this one has ${count}`);
  if (!isAuthority(headers.host ?? ''))
    throw badRequest('the Host is not a name or an address with an optional port');
}

/** Whether a URL has it as its authority, and as it stands: `127.1` and `[::0001]` mean an address that they do not spell. */
function isAuthority(text: string): boolean {
  if (/[/?#@\\\s]/.test(text)) return false;
  const url = URL.parse(`http://${text}/`);
  return url !== null && url.hostname === text.replace(/:\d*$/, '').toLowerCase();
}

/** RFC 9112 section 6.1: another coding than chunked is not understood, and one in HTTP/1.0 is faulty framing. */
function checkFraming({ headers, httpVersion }: IncomingMessage): void {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return;
  if (httpVersion === '1.0') throw badRequest('a transfer coding is not possible in HTTP/1.0');
  if (coding.toLowerCase() === 'chunked') return;
  throw new GatewayError({
    code: 'coding-not-supported',
    status: 501,
    message: 'the only transfer coding that is understood is chunked',
  });
}

/** RFC 9112 section 3.2: origin-form, absolute-form of HTTP, or the asterisk of OPTIONS; no fragment. */
function checkTarget(target: string, method: string | undefined): void {
  if (target.length > MAX_TARGET_BYTES) {
    throw new GatewayError({
      code: 'uri-too-long',
      status: 414,
      message: `the request target is longer than ${MAX_TARGET_BYTES} bytes`,
      fix: 'send what is long in the body',
      details: { value: MAX_TARGET_BYTES },
    });
  }
  const { authority, path } = splitTarget(target);
  const known = (target === '*' && method === 'OPTIONS') || path.startsWith('/');
  if (
    !known ||
    target.includes('#') ||
    path.includes('\\') ||
    (authority !== undefined && !isAuthority(authority))
  ) {
    throw badRequest('the request target is neither a path nor a URL of http');
  }
}

interface RequestTarget {
  /** Of the absolute-form only. It counts in the place of Host (RFC 9112 section 3.2.2). */
  readonly authority: string | undefined;
  readonly path: string;
  /** With its question mark; empty where there is none. */
  readonly query: string;
}

/** The parts of a request target as they stand on the wire: nothing is decoded. */
export function splitTarget(target: string): RequestTarget {
  const absolute = target.startsWith('/') ? null : /^https?:\/\/([^/?#]*)(.*)$/is.exec(target);
  const rest = absolute?.[2] ?? target;
  const query = rest.indexOf('?');
  const path = query === -1 ? rest : rest.slice(0, query);
  return {
    authority: absolute?.[1],
    path: path === '' && absolute !== null ? '/' : path,
    query: query === -1 ? '' : rest.slice(query),
  };
}

function badRequest(message: string): GatewayError {
  return new GatewayError({ code: 'bad-request', status: 400, message });
}
