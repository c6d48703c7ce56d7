import { quote } from '../base/index.ts';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { invalidText } from './errors.ts';
import type { AddressRange, CanonicalHost } from './types.ts';

/**
 * A host in the one form in which hosts are compared and dialled, or `undefined` where the
 * text is no host.
 *
 * Follows the host parser of the WHATWG URL standard (IDNA to ASCII, lower case, decimal, octal
 * and hexadecimal IPv4 to dotted form, IPv6 compressed), and is stricter than it: no percent
 * encoding, no trailing dot, and names of letters, digits, `-` and `_` only. Whoever lets a
 * request through on the strength of this value must dial this value, not the text.
 */
export function canonicalHost(text: string): CanonicalHost | undefined {
  if (isIPv6(text) && !text.includes('%')) return canonicalHost(`[${text}]`);
  const bracketed = /^\[[0-9A-Fa-f:.]+\]$/.test(text);
  if (text.length > 255 || text.endsWith('.')) return undefined;
  if (!bracketed && (text === '' || /[\s\p{Cc}@/\\?#%:[\]]/u.test(text))) return undefined;
  const url = URL.parse(`http://${text}/`);
  if (url === null) return undefined;
  const host = url.hostname;
  if (host.startsWith('[')) return { kind: 'address', address: host.slice(1, -1), family: 6 };
  if (isIPv4(host)) return { kind: 'address', address: host, family: 4 };
  const labels = host.split('.');
  if (host.length > 253 || !labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label)))
    return undefined;
  return { kind: 'name', name: host };
}

/**
 * A host inside a pattern: as {@link canonicalHost}, but an address must be written plainly, so
 * that what a reader of the configuration sees is what is granted. Throws `ConfigError`.
 */
export function parseHost(text: string): CanonicalHost {
  const host = canonicalHost(text);
  if (host === undefined) {
    throw invalidText(
      `${quote(text)} is not a host.`,
      text.endsWith('.')
        ? `Leave out the trailing dot: ${quote(text.slice(0, -1))}.`
        : 'Give a name such as "api.example.com", an IPv4 address, or an IPv6 address in brackets.',
    );
  }
  if (host.kind === 'address' && host.family === 4 && host.address !== text) {
    throw invalidText(
      `${quote(text)} is an odd way to write ${host.address}.`,
      `Write ${host.address}, if that address is meant.`,
    );
  }
  return host;
}

/** `"10.1.0.0/16"`, `"fd00::/8"`, or one address. Throws `ConfigError`. */
export function parseAddressRange(text: string): AddressRange {
  const [address = '', length, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (rest.length > 0 || (family !== 4 && family !== 6)) {
    throw invalidText(
      `${quote(text)} is not an address block.`,
      'Write it as "10.1.0.0/16", "fd00::/8" or one address.',
    );
  }
  const bits = family === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : wholeNumber(length);
  if (prefix === undefined || prefix > bits) {
    throw invalidText(
      `${quote(text)} has a prefix length outside 0 to ${bits}.`,
      `Give one from 0 to ${bits}, e.g. ${quote(`${address}/${bits}`)}.`,
    );
  }
  return { address, prefix, family };
}

/** A port of 1 to 65535 or `*`. Throws `ConfigError`. */
export function parsePort(text: string): number | '*' {
  if (text === '*') return '*';
  const port = wholeNumber(text);
  if (port === undefined || port < 1 || port > 65_535) {
    throw invalidText(`${quote(text)} is not a port.`, 'Give a number from 1 to 65535, or *.');
  }
  return port;
}

/** Splits `HOST:PORT`, `[V6]:PORT` or `HOST`; the host keeps its brackets. */
export function splitPort(text: string): { host: string; port: string | undefined } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/su.exec(text);
  if (match === null) return { host: text, port: undefined };
  return { host: match[1] ?? '', port: match[2] };
}

function wholeNumber(text: string): number | undefined {
  return /^(0|[1-9]\d{0,5})$/.test(text) ? Number(text) : undefined;
}
