/** What HTTP messages are made of: the grammar of RFC 9110 and RFC 3986, as far as guests may choose the text. */

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 3986 §3.1. */
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
/**
 * RFC 3986 §3.3 and §3.4, and of what lies outside of it only `[ ] { | } ^`, which servers and clients
 * take in practice. Never a backslash (URL parsers read it as a slash) and never a fragment.
 */
const PATH_WITH_QUERY =
  /^(?:\*|(?:\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/[\]{|}^]*)?(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@%/?[\]{|}^]*)?)$/;
/** RFC 3986 §3.2: [ userinfo "@" ] host [ ":" port ]. */
const AUTHORITY =
  /^(?:([A-Za-z0-9\-._~!$&'()*+,;=:%]*)@)?((?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::([0-9]*))?$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

export function isScheme(text: string): boolean {
  return SCHEME.test(text);
}

export function isPathWithQuery(text: string): boolean {
  return PATH_WITH_QUERY.test(text);
}

export interface Authority {
  readonly userinfo: string | undefined;
  readonly host: string;
  /** As written; empty when there is a colon and nothing after it. */
  readonly port: string | undefined;
}

/** The parts of a URI authority, or `undefined` for what is none. */
export function parseAuthority(text: string): Authority | undefined {
  const match = AUTHORITY.exec(text);
  if (match === null) return undefined;
  return { userinfo: match[1], host: match[2] as string, port: match[3] };
}

/** An authority that an `http` or `https` request can be sent to: a host, no userinfo (RFC 9110 §4.2.4), a port that exists. */
export function isHttpAuthority(text: string): boolean {
  const authority = parseAuthority(text);
  if (authority === undefined || authority.userinfo !== undefined) return false;
  if (authority.port === undefined) return true;
  return (
    /^[0-9]{1,5}$/.test(authority.port) &&
    Number(authority.port) >= 1 &&
    Number(authority.port) <= 65535
  );
}

/**
 * RFC 9110 §5.5: visible ASCII, SP, HTAB and obs-text; no other control characters, so nothing that could
 * end the line. Whitespace at the ends is taken: it is no part of the value on the wire, and harmless.
 */
export function isFieldValue(value: Uint8Array): boolean {
  for (let at = 0; at < value.length; at++) {
    const byte = value[at] as number;
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return false;
  }
  return true;
}
