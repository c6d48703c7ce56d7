import type { HeaderList } from '../wasi/index.ts';

/** Node gives header values as latin-1 text, a name and a value in turn. */
export function headerList(raw: readonly string[]): HeaderList {
  const list: [string, Uint8Array][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    list.push([raw[at] as string, Buffer.from(raw[at + 1] as string, 'latin1')]);
  }
  return list;
}

/** As Node's `writeHead` and `addTrailers` take them, in their order, repeated names kept. */
export function rawHeaders(list: HeaderList): string[] {
  const raw: string[] = [];
  for (const [name, value] of list) raw.push(name, latin1(value));
  return raw;
}

function latin1(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
}

/** RFC 9110 section 7.6.1: these, and what `connection` names, are between the client and the gateway only. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** What tells the guest which part of the path it does not see. Only the gateway may say so. */
const FORWARDED_PREFIX = 'x-forwarded-prefix';

/** The headers that a guest is given: end-to-end ones as they came, and the prefix where there is one. */
export function guestHeaders(raw: readonly string[], prefix: string): HeaderList {
  const named = connectionNames(raw);
  const list: [string, Uint8Array][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    if (HOP_BY_HOP.has(name) || name === FORWARDED_PREFIX || named?.has(name)) continue;
    list.push([name, Buffer.from(raw[at + 1] as string, 'latin1')]);
  }
  if (prefix !== '') list.push([FORWARDED_PREFIX, Buffer.from(prefix, 'latin1')]);
  return list;
}

function connectionNames(raw: readonly string[]): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if ((raw[at] as string).toLowerCase() !== 'connection') continue;
    names ??= new Set();
    for (const name of (raw[at + 1] as string).split(',')) names.add(name.trim().toLowerCase());
  }
  return names;
}
