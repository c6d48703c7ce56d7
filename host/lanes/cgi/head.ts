import type { HeaderList } from '../../wasi/index.ts';
import { LaneError } from '../errors.ts';

/** What a program says before its body. */
export interface CgiHead {
  readonly status: number;
  readonly headers: HeaderList;
  readonly contentLength: number | undefined;
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 section 5.5, with the bytes above ASCII that it calls obsolete and recipients still take. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Between the server and the client only (RFC 3875 section 6.3.4): how the body travels is not the program's to say. */
const REFUSED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The header of a CGI response (RFC 3875 section 6), without the empty line that ends it. Throws `LaneError`
 * `guest-bad-response`: nothing that is not a field ever reaches the client.
 */
export function parseCgiHead(text: string, headerCount: number): CgiHead {
  const headers: [string, Uint8Array][] = [];
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1).replaceAll(/^[\t ]+|[\t ]+$/g, '');
    if (!TOKEN.test(name) || !VALUE.test(value))
      throw badResponse(`a line of its header is no field: ${quoted(line)}`);
    const key = name.toLowerCase();
    if (REFUSED.has(key)) throw badResponse(`it sets the field ${key}, which is the server's`);
    if (ONCE.has(key) && fields.has(key)) throw badResponse(`it sets the field ${key} twice`);
    fields.set(key, value);
    if (key !== 'status') headers.push([key, Buffer.from(value, 'latin1')]);
    if (headers.length > headerCount)
      throw badResponse(`its header has more than ${headerCount} fields`);
  }
  if (!['content-type', 'location', 'status'].some((key) => fields.has(key))) {
    throw badResponse('its header has neither Content-Type, Location nor Status');
  }
  return {
    status: statusOf(fields),
    headers,
    contentLength: lengthOf(fields.get('content-length')),
  };
}

/** RFC 3875 section 6.3: these may be given once. */
const ONCE = new Set(['content-type', 'location', 'status', 'content-length']);

/** Section 6.3.3; with a Location and no status it is a redirect (section 6.2.3). */
function statusOf(fields: ReadonlyMap<string, string>): number {
  const given = fields.get('status');
  if (given === undefined) return fields.has('location') ? 302 : 200;
  const match = /^([2-5]\d\d)(?:[\t ].*)?$/.exec(given);
  if (match === null)
    throw badResponse(`its Status is no final status from 200 to 599: ${quoted(given)}`);
  return Number(match[1]);
}

function lengthOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const length = Number(given);
  if (!/^\d+$/.test(given) || !Number.isSafeInteger(length))
    throw badResponse(`its Content-Length is no number: ${quoted(given)}`);
  return length;
}

export function badResponse(what: string): LaneError {
  return new LaneError({
    code: 'guest-bad-response',
    status: 500,
    message: `what the command wrote is no CGI response: ${what}`,
    fix: 'write the fields first, such as "Content-Type: text/plain", then an empty line, then the body (RFC 3875 section 6)',
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
