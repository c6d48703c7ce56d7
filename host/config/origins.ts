import { quote } from '../base/index.ts';
import { invalidText } from './errors.ts';
import { canonicalHost, parseHost, parsePort, splitPort } from './hosts.ts';
import type { HostPattern, OriginPattern } from './types.ts';

/** Where a request is going. `host` as it came; `port` absent for the scheme's default. */
export interface OriginTarget {
  readonly scheme: string;
  readonly host: string;
  readonly port?: number | undefined;
}

const EXAMPLES =
  '"https://api.example.com", "https://*.example.com", "http://127.0.0.1:9000" or "*"';

/**
 * `SCHEME://HOST[:PORT]`, or `*` for everything.
 *
 * Scheme: `http`, `https` or `*`. Host: exact, `*.suffix` (which does not match the suffix
 * itself) or `*`. Port: exact, `*`, or absent for the scheme's default. No user, path or query.
 * Throws `ConfigError`.
 */
export function parseOriginPattern(text: string): OriginPattern {
  if (text === '*') return { source: text, scheme: '*', host: { kind: 'any' }, port: '*' };
  const match = /^([^:/]+):\/\/(.*)$/su.exec(text);
  if (match === null) {
    const guess = tryPattern(`https://${text}`);
    throw invalidText(
      `${quote(text)} is not an origin: it has no scheme.`,
      guess === undefined
        ? `Write it as ${EXAMPLES}.`
        : `Write ${quote(guess.source)} (or http://, or *://).`,
    );
  }
  const scheme = (match[1] ?? '').toLowerCase();
  const authority = match[2] ?? '';
  if (scheme !== 'http' && scheme !== 'https' && scheme !== '*') {
    throw invalidText(
      `${quote(text)} has the scheme ${quote(scheme)}.`,
      'Use http, https, or * for both.',
    );
  }
  if (authority.includes('@')) {
    throw invalidText(
      `${quote(text)} names a user; an origin has none.`,
      'Leave out everything up to the @.',
    );
  }
  const end = authority.search(/[/?#\\]/);
  if (end !== -1) {
    throw invalidText(
      `${quote(text)} goes on after the origin; a grant covers whole origins.`,
      `Write ${quote(`${scheme}://${authority.slice(0, end)}`)}.`,
    );
  }
  const { host, port } = splitPort(authority);
  return {
    source: text,
    scheme,
    host: parseHostPattern(host),
    port: port === undefined ? 'default' : parsePort(port),
  };
}

/**
 * Whether a request may go to `target`, as far as its origin says. Pure: addresses that a name
 * resolves to are checked where the connection is made.
 */
export function matchOrigin(pattern: OriginPattern, target: OriginTarget): boolean {
  const scheme = target.scheme.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') return false;
  if (pattern.scheme !== '*' && pattern.scheme !== scheme) return false;
  const normalPort = scheme === 'https' ? 443 : 80;
  const port = target.port ?? normalPort;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return false;
  if (pattern.port !== '*' && port !== (pattern.port === 'default' ? normalPort : pattern.port))
    return false;
  return matchHost(pattern.host, target.host);
}

/** Whether `host`, in any of its spellings, is what `pattern` names. */
export function matchHost(pattern: HostPattern, host: string): boolean {
  const actual = canonicalHost(host);
  if (actual === undefined) return false;
  if (pattern.kind === 'any') return true;
  if (pattern.kind === 'address') {
    return actual.kind === 'address' && actual.address === pattern.address;
  }
  if (actual.kind !== 'name') return false;
  return pattern.kind === 'name'
    ? actual.name === pattern.name
    : actual.name.endsWith(`.${pattern.suffix}`);
}

/** A name, `*.suffix`, an address or `*`. Throws `ConfigError`. */
export function parseHostPattern(text: string): HostPattern {
  if (text === '*') return { kind: 'any' };
  if (!text.startsWith('*.')) {
    if (text.includes('*')) {
      throw invalidText(
        `${quote(text)} has a * where none may stand.`,
        'Use * alone, or at the start as in "*.example.com".',
      );
    }
    return parseHost(text);
  }
  const suffix = canonicalHost(text.slice(2));
  if (suffix?.kind !== 'name') {
    throw invalidText(
      `${quote(text)} is not a pattern for names.`,
      'Write "*." and a domain name, e.g. "*.example.com".',
    );
  }
  return { kind: 'suffix', suffix: suffix.name };
}

/** A pattern for a suggestion: a text that is none just makes no suggestion. */
function tryPattern(text: string): OriginPattern | undefined {
  try {
    return parseOriginPattern(text);
  } catch {
    return undefined;
  }
}
