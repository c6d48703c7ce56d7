import { canonicalHost, type CanonicalHost } from '../../config/index.ts';

/** Where a request goes, in the one form that is matched, dialled, and written into `Host`. */
export interface Target {
  readonly scheme: 'http' | 'https';
  readonly host: CanonicalHost;
  readonly port: number;
  /** `api.example.com`, `[::1]:8080`: what stands in `Host`; without the scheme's own port. */
  readonly authority: string;
  /** `https://api.example.com`: what a grant for exactly this would say. */
  readonly origin: string;
}

const AUTHORITY = /^(\[[^\]]*\]|[^:[\]]+)(?::(\d{0,5}))?$/;
const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/**
 * The target of a request with this scheme and authority (RFC 3986 section 3.2, without user
 * information as RFC 9110 section 4.2.4 asks); `undefined` where it is none.
 */
export function parseTarget(scheme: string, authority: string): Target | undefined {
  if (scheme !== 'http' && scheme !== 'https') return undefined;
  const match = AUTHORITY.exec(authority);
  if (match === null) return undefined;
  const host = canonicalHost(match[1] ?? '');
  const port = match[2] === undefined || match[2] === '' ? DEFAULT_PORTS[scheme] : Number(match[2]);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  const text = hostText(host);
  const written = port === DEFAULT_PORTS[scheme] ? text : `${text}:${port}`;
  return { scheme, host, port, authority: written, origin: `${scheme}://${written}` };
}

function hostText(host: CanonicalHost): string {
  if (host.kind === 'name') return host.name;
  return host.family === 6 ? `[${host.address}]` : host.address;
}
