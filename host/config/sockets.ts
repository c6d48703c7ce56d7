import { quote } from '../base/index.ts';
import { invalidText } from './errors.ts';
import { parseHost, parsePort, splitPort } from './hosts.ts';
import type { SocketGrant } from './types.ts';

/** `PROTO:ADDR:PORT`, each of which may be `*`; an IPv6 address in brackets. Throws `ConfigError`. */
export function parseSocketGrant(text: string): SocketGrant {
  const cut = text.indexOf(':');
  const protocol = text.slice(0, Math.max(cut, 0));
  const { host, port } = splitPort(text.slice(cut + 1));
  if (cut === -1 || port === undefined) {
    throw invalidText(
      `${quote(text)} is not PROTO:ADDR:PORT.`,
      'Write it as "tcp:10.0.0.5:1883", "udp:[::1]:53" or "tcp:*:443".',
    );
  }
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== '*') {
    throw invalidText(
      `${quote(text)} has the protocol ${quote(protocol)}.`,
      'Use tcp, udp, or * for both.',
    );
  }
  return {
    source: text,
    protocol,
    host: host === '*' ? { kind: 'any' } : parseHost(host),
    port: parsePort(port),
  };
}
