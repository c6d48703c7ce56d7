import { quote } from '../base/index.ts';
import { invalidText } from './errors.ts';
import { parsePort, splitPort } from './hosts.ts';
import { parseHostPattern } from './origins.ts';
import type { SocketGrant } from './types.ts';

/** What a socket grant says apart from the address blocks that only a table can add. */
export type SocketPattern = Omit<SocketGrant, 'addresses'>;

/**
 * `[connect:|listen:]PROTO:ADDR:PORT`; without a direction it is for connecting.
 *
 * PROTO is `tcp`, `udp` or `*`; ADDR a name, `*.suffix`, an address (IPv6 in brackets) or `*`; PORT 1 to
 * 65535 or `*`. One listens at addresses, so a `listen` grant has no name. Throws `ConfigError`.
 */
export function parseSocketGrant(text: string): SocketPattern {
  const direction = /^(connect|listen):/.exec(text)?.[1];
  if (direction === undefined) return parsePattern(text, 'connect', text);
  return parsePattern(
    text.slice(direction.length + 1),
    direction === 'listen' ? 'listen' : 'connect',
    text,
  );
}

/** The `PROTO:ADDR:PORT` of a table such as `{ listen = "udp:0.0.0.0:1700" }`. Throws `ConfigError`. */
export function parseConnectGrant(text: string): SocketPattern {
  return parsePattern(text, 'connect', text);
}

/** As {@link parseConnectGrant}, for the key `listen`. */
export function parseListenGrant(text: string): SocketPattern {
  return parsePattern(text, 'listen', `listen:${text}`);
}

function parsePattern(
  text: string,
  direction: SocketGrant['direction'],
  source: string,
): SocketPattern {
  const cut = text.indexOf(':');
  const protocol = text.slice(0, Math.max(cut, 0));
  const { host: hostText, port } = splitPort(text.slice(cut + 1));
  if (cut === -1 || port === undefined) {
    throw invalidText(
      `${quote(text)} is not PROTO:ADDR:PORT.`,
      'Write it as "tcp:10.0.0.5:1883", "udp:[::1]:53", "tcp:*:443" or "listen:udp:0.0.0.0:1700".',
    );
  }
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== '*') {
    throw invalidText(
      `${quote(text)} has the protocol ${quote(protocol)}.`,
      'Use tcp, udp, or * for both.',
    );
  }
  const host = parseHostPattern(hostText);
  if (direction === 'listen' && host.kind !== 'address' && host.kind !== 'any') {
    throw invalidText(
      `${quote(hostText)} is a name, and one listens at an address.`,
      'Give an address of this machine such as 127.0.0.1, or 0.0.0.0 or [::] for all of them.',
    );
  }
  return { source, direction, protocol, host, port: parsePort(port) };
}
