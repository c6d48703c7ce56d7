import type { HttpExchange } from '../http-exchange.ts';
import { LaneError } from '../errors.ts';

/** What the gateway says of the part of the path that the guest does not see. */
const PREFIX = 'x-forwarded-prefix';

/**
 * Fields that do not become variables. `proxy` would become HTTP_PROXY, by which libraries of guests choose a proxy
 * ("httpoxy"); credentials are for the server (RFC 3875 section 4.1.18); the others are variables of their own.
 */
const LEFT_OUT = new Set([
  'proxy',
  'authorization',
  'proxy-authorization',
  'content-length',
  'content-type',
  PREFIX,
]);

/**
 * The meta-variables of a request (RFC 3875 section 4.1). Query strings never become arguments, as its section 4.4
 * would have it: `?-d` as an option of the program was CVE-2012-1823.
 *
 * Throws `LaneError` `request-not-cgi` (400) for a path that cannot be a variable.
 */
export function cgiVariables(exchange: HttpExchange): [string, string][] {
  const { method, scheme, authority, pathWithQuery, headers } = exchange.request;
  const variables = new Map<string, string>();
  const fields = valuesOf(headers);
  const query = pathWithQuery?.indexOf('?') ?? -1;
  const [path, search] =
    query === -1
      ? [pathWithQuery ?? '/', '']
      : [pathWithQuery?.slice(0, query) ?? '/', pathWithQuery?.slice(query + 1) ?? ''];
  const host = hostOf(authority, scheme);
  variables.set('GATEWAY_INTERFACE', 'CGI/1.1');
  variables.set('SERVER_SOFTWARE', 'selvedge');
  variables.set('SERVER_PROTOCOL', 'HTTP/1.1');
  variables.set('SERVER_NAME', host.name);
  variables.set('SERVER_PORT', host.port);
  variables.set('REQUEST_METHOD', method);
  variables.set('SCRIPT_NAME', decoded(fields.get(PREFIX) ?? ''));
  variables.set('PATH_INFO', decoded(path));
  variables.set('QUERY_STRING', search);
  if (exchange.remoteAddress !== undefined) {
    variables.set('REMOTE_ADDR', exchange.remoteAddress);
    variables.set('REMOTE_HOST', exchange.remoteAddress);
  }
  const length = fields.get('content-length');
  if (length !== undefined) variables.set('CONTENT_LENGTH', length);
  const type = fields.get('content-type');
  if (type !== undefined) variables.set('CONTENT_TYPE', type);
  for (const [name, value] of fields) {
    // `a_b` and `a-b` would be one variable, so that one could pass for the other.
    if (LEFT_OUT.has(name) || !/^[a-z0-9-]+$/.test(name)) continue;
    variables.set(`HTTP_${name.toUpperCase().replaceAll('-', '_')}`, value);
  }
  return [...variables];
}

/** Repeated fields joined as RFC 9110 section 5.3 has it, cookies as RFC 6265 section 4.2 does. */
function valuesOf(headers: HttpExchange['request']['headers']): Map<string, string> {
  const values = new Map<string, string>();
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    const text = textOf(value);
    const before = values.get(name);
    values.set(
      name,
      before === undefined ? text : `${before}${name === 'cookie' ? '; ' : ', '}${text}`,
    );
  }
  return values;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The environment is text: values that are not UTF-8 are taken for Latin-1, which any bytes are. */
function textOf(value: Uint8Array): string {
  try {
    return utf8.decode(value);
  } catch {
    return Buffer.from(value).toString('latin1');
  }
}

/** RFC 3875 section 4.1.5: the path in PATH_INFO is decoded. */
function decoded(path: string): string {
  let text: string;
  try {
    text = decodeURIComponent(path);
  } catch (cause) {
    throw badPath('is not percent-encoded UTF-8', cause);
  }
  if (text.includes('\0')) throw badPath('has a NUL, which would end the variable early');
  return text;
}

function badPath(what: string, cause?: unknown): LaneError {
  return new LaneError({
    code: 'request-not-cgi',
    status: 400,
    message: `the path of the request ${what}`,
    cause,
  });
}

function hostOf(
  authority: string | undefined,
  scheme: string | undefined,
): { name: string; port: string } {
  const usual = scheme === 'https' ? '443' : '80';
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:]*)(?::(\d+))?$/.exec(authority ?? '');
  return { name: match?.[1] || 'localhost', port: match?.[2] ?? usual };
}
