import { quote } from '../base/index.ts';
import { invalidText } from './errors.ts';
import { parseHost, splitPort } from './hosts.ts';

/** An address to listen on. */
export interface ListenAddress {
  /** Name or address, an IPv6 address without brackets. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** `HOST:PORT` or `[V6]:PORT`. Throws `ConfigError`. */
export function parseListen(text: string): ListenAddress {
  const { host, port } = splitPort(text);
  if (host === '' || port === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw invalidText(
      `${quote(text)} is not HOST:PORT.`,
      'Write it as "127.0.0.1:8080" or "[::1]:8080"; "0.0.0.0" listens on every interface, port 0 takes a free one.',
    );
  }
  const parsed = parseHost(host);
  return { host: parsed.kind === 'name' ? parsed.name : parsed.address, port: Number(port) };
}
