import type { IncomingMessage } from 'node:http';
import { canonicalHost } from '../config/index.ts';
import { AdminError } from './errors.ts';

/**
 * On every response: nothing of it may be framed, sniffed, cached or run by a browser. There are no CORS headers,
 * so no page of another origin may read one either.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Only a function's name may be percent-encoded, so that a wrong one is told what is wrong with it. */
const PLAIN_PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;
const NAMED_PATH = /^\/v1\/functions\/[^/?#\\]+(?:\/[A-Za-z0-9._~-]+)*$/;

/**
 * Throws `not-found` (404) for a request target that is not written in the one way its path has: absolute, dotted,
 * doubled, with parameters, or encoded where nothing needs it. What a proxy in front took for another path
 * never becomes one of ours. Returns the path.
 */
export function checkTarget(incoming: IncomingMessage, pathname: string): string {
  const path = (incoming.url ?? '').split('?', 1)[0] ?? '';
  if (path !== pathname || !(PLAIN_PATH.test(path) || NAMED_PATH.test(path))) throw notFound();
  return path;
}

export function notFound(): AdminError {
  return new AdminError({
    code: 'not-found',
    status: 404,
    message: 'there is nothing at this path',
    fix: 'GET /v1/openapi.json lists what there is',
  });
}

/**
 * Throws `host-refused` (403) unless the request names this machine: `localhost` or a loopback address with the
 * port it came to, the very address it came to, or one of `allowed` (`name` for any port, or `name:port`). A page
 * whose name resolves to this machine (DNS rebinding) keeps its own name, and is refused.
 */
export function checkHost(incoming: IncomingMessage, allowed: readonly string[]): void {
  const { socket, rawHeaders, headers } = incoming;
  const count = rawHeaders.filter(
    (text, index) => index % 2 === 0 && text.toLowerCase() === 'host',
  ).length;
  const given = authorityOf(headers.host ?? '');
  const refused =
    count !== 1 ||
    given === undefined ||
    !(isOwn(given, socket) || allowed.some((each) => isAllowed(given, each)));
  if (!refused) return;
  throw new AdminError({
    code: 'host-refused',
    status: 403,
    message: 'the Host header names another machine',
    fix: 'call it as localhost, by its address, or by a name that the host was told to answer to',
  });
}

interface Authority {
  readonly host: string;
  readonly port: number;
}

function isOwn({ host, port }: Authority, socket: IncomingMessage['socket']): boolean {
  if (port !== socket.localPort) return false;
  if (host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)) return true;
  return host === hostOf((socket.localAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, ''));
}

function isAllowed(given: Authority, allowed: string): boolean {
  const hasPort = /^(?:[^:]+|\[[^\]]+\]):\d+$/.test(allowed);
  const wanted = authorityOf(allowed);
  return (
    wanted !== undefined && wanted.host === given.host && (!hasPort || wanted.port === given.port)
  );
}

function authorityOf(text: string): Authority | undefined {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] === undefined ? undefined : hostOf(match[1]);
  return host === undefined ? undefined : { host, port: Number(match?.[2] ?? 80) };
}

function hostOf(text: string): string | undefined {
  const host = canonicalHost(text);
  return host?.kind === 'name' ? host.name : host?.address;
}

/**
 * Throws `origin-refused` (403) for what a browser sends on behalf of another site (Fetch, section 3.2; Fetch
 * Metadata). `checkHost` must have passed: the origin is compared to the host that was asked.
 */
export function checkOrigin({ headers }: IncomingMessage): void {
  const { origin, host = '' } = headers;
  const own = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  const site = headers['sec-fetch-site'];
  if (own && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new AdminError({
    code: 'origin-refused',
    status: 403,
    message: 'a page of another origin may not use the admin API',
    fix: 'call it from a program, or from a page of its own origin',
  });
}
