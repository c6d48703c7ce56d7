import { quote } from '../base/index.ts';
import { invalidText } from './errors.ts';
import type { Route } from './types.ts';

const STANDARD_METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
];

/** Where every function answers under its name, whatever its routes. */
const RESERVED_PREFIX = '/fn';

/**
 * `"GET /telemetry/*"` or `"/x"` (any method).
 *
 * METHOD is a token (RFC 9110 section 5.6.2), case-sensitive. The path is written as it stands
 * in a request (RFC 3986 section 3.3); `*` only as the last segment. Throws `ConfigError`.
 */
export function parseRoute(text: string): Route {
  const space = text.indexOf(' ');
  const method = space === -1 ? undefined : text.slice(0, space);
  const path = text.slice(space + 1);
  if (method !== undefined) checkMethod(method);
  if (!path.startsWith('/')) {
    throw invalidText(
      `${quote(text)} is not a route: its path does not start with "/".`,
      'Write it as "GET /telemetry/*" or "/x".',
    );
  }
  const wildcard = path.endsWith('/*');
  const fixed = wildcard ? path.slice(0, -1) : path;
  if (fixed.includes('*')) {
    throw invalidText(
      `${quote(text)} has a * where none may stand.`,
      'Use * only as the whole last segment, as in "/telemetry/*".',
    );
  }
  const segments = fixed.slice(1).split('/');
  if (segments.some((segment) => segment.startsWith(':') || /[{}]/.test(segment))) {
    throw invalidText(
      `${quote(text)} has a parameter; routes have none.`,
      'End the route with "/*" and read the path in the function.',
    );
  }
  if (!/^(?:[\w\-.~!$&'()+,;=:@/]|%[0-9A-Fa-f]{2})*$/.test(fixed)) {
    throw invalidText(
      `${quote(text)} has a character that no path holds.`,
      'Percent-encode it, and leave out query and fragment.',
    );
  }
  if (
    segments.slice(0, -1).includes('') ||
    segments.some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  ) {
    throw invalidText(
      `${quote(text)} has an empty, "." or ".." segment, so no request reaches it.`,
      'Write the path in its shortest form.',
    );
  }
  if (fixed === RESERVED_PREFIX || fixed.startsWith(`${RESERVED_PREFIX}/`)) {
    throw invalidText(
      `${quote(text)} is under /fn, where functions answer by name.`,
      'Choose another path; /fn/NAME/* needs no route.',
    );
  }
  return { source: text, ...(method === undefined ? {} : { method }), path: fixed, wildcard };
}

function checkMethod(method: string): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(method)) {
    throw invalidText(
      `${quote(method)} is not a method.`,
      'Write one method, one space and the path; leave the method out for any.',
    );
  }
  if (method === '*') {
    throw invalidText('a route for any method has no "*".', 'Write the path alone.');
  }
  const upper = method.toUpperCase();
  if (method !== upper && STANDARD_METHODS.includes(upper)) {
    throw invalidText(
      `methods are case-sensitive, and ${quote(method)} is none that clients send.`,
      `Write ${upper}.`,
    );
  }
}
