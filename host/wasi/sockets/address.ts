import { isIPv4, SocketAddress } from 'node:net';
import { socketError } from './errors.ts';

export type IpAddressFamily = 'ipv4' | 'ipv6';
export type Ipv4Address = readonly [number, number, number, number];
export type Ipv6Address = readonly [number, number, number, number, number, number, number, number];

/** `wasi:sockets/network.ip-address`. */
export type IpAddress =
  | { readonly tag: 'ipv4'; readonly val: Ipv4Address }
  | { readonly tag: 'ipv6'; readonly val: Ipv6Address };

/** `wasi:sockets/network.ip-socket-address`. */
export type IpSocketAddress =
  | { readonly tag: 'ipv4'; readonly val: { readonly port: number; readonly address: Ipv4Address } }
  | {
      readonly tag: 'ipv6';
      readonly val: {
        readonly port: number;
        readonly flowInfo: number;
        readonly address: Ipv6Address;
        readonly scopeId: number;
      };
    };

/** One end of a connection: an address in text form, IPv6 compressed, and a port. */
export interface Endpoint {
  readonly family: IpAddressFamily;
  readonly address: string;
  readonly port: number;
}

/** What an address is asked for, because each call has its own rules about which are valid. */
export type AddressRole = 'bind-tcp' | 'bind-udp' | 'connect' | 'send';

/**
 * The endpoint that the guest names, checked for its role as the doc comments of `start-bind`,
 * `start-connect`, `stream` and `send` say. Throws `invalid-argument`; and `not-supported` for a
 * scope or a flow, which Node has no way to give to a socket.
 */
export function toEndpoint(
  from: IpSocketAddress,
  family: IpAddressFamily,
  role: AddressRole,
): Endpoint {
  if (from.tag !== family) throw socketError('invalid-argument');
  const { port } = from.val;
  const unspecified = from.val.address.every((part) => part === 0);
  if (from.tag === 'ipv6' && isMapped(from.val.address)) throw socketError('invalid-argument');
  if ((role === 'bind-tcp' || role === 'connect') && !isUnicast(from))
    throw socketError('invalid-argument');
  if ((role === 'connect' || role === 'send') && (unspecified || port === 0))
    throw socketError('invalid-argument');
  if (from.tag === 'ipv6' && (from.val.scopeId !== 0 || from.val.flowInfo !== 0))
    throw socketError('not-supported');
  return {
    family,
    port,
    address: addressText({ tag: from.tag, val: from.val.address } as IpAddress),
  };
}

/** An endpoint as the guest sees it. */
export function fromEndpoint({ address, port }: Endpoint): IpSocketAddress {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new TypeError(`${address} is no IP address`);
  return parsed.tag === 'ipv4'
    ? { tag: 'ipv4', val: { port, address: parsed.val } }
    : { tag: 'ipv6', val: { port, flowInfo: 0, address: parsed.val, scopeId: 0 } };
}

/** An endpoint as Node tells it; `undefined` where it has a zone, which no endpoint carries. */
export function endpointOf(
  address: string | undefined,
  port: number | undefined,
): Endpoint | undefined {
  const parsed = address === undefined ? undefined : parseAddress(address);
  if (parsed === undefined || port === undefined) return undefined;
  return { family: parsed.tag, address: addressText(parsed), port };
}

export function sameEndpoint(left: Endpoint, right: Endpoint): boolean {
  return left.port === right.port && left.address === right.address && left.family === right.family;
}

/** A literal address (dotted decimal, RFC 4291 section 2.2) without a zone, or `undefined`. */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { tag: 'ipv4', val: bytesOf(text) };
  // Node's `isIPv6` takes a zone too.
  if (!/^[0-9A-Fa-f:.]+$/.test(text)) return undefined;
  const parsed = SocketAddress.parse(`[${text}]:0`);
  if (parsed?.family !== 'ipv6') return undefined;
  const [head = '', tail] = plain(parsed.address).split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return { tag: 'ipv6', val: [...before, ...middle, ...after] as unknown as Ipv6Address };
}

/** An address in the one text form in which addresses are compared: what `inet_ntop` gives (RFC 5952). */
export function addressText({ tag, val }: IpAddress): string {
  if (tag === 'ipv4') return val.join('.');
  const text = val.map((group) => group.toString(16)).join(':');
  return SocketAddress.parse(`[${text}]:0`)?.address ?? text;
}

/** ::ffff:0:0/96, RFC 4291 section 2.5.5.2. */
function isMapped(address: Ipv6Address): boolean {
  return address.slice(0, 5).every((group) => group === 0) && address[5] === 0xff_ff;
}

/** The IPv4 address within a mapped one; any other address as it is. */
export function unmapped(address: IpAddress): IpAddress {
  if (address.tag === 'ipv4' || !isMapped(address.val)) return address;
  const [high, low] = [address.val[6], address.val[7]];
  return { tag: 'ipv4', val: [high >> 8, high & 255, low >> 8, low & 255] };
}

function isUnicast(address: IpSocketAddress): boolean {
  if (address.tag === 'ipv6') return address.val.address[0] < 0xff_00;
  const [first] = address.val.address;
  const isBroadcast = address.val.address.every((byte) => byte === 255);
  // Multicast is 224.0.0.0/4 (RFC 5771); 255.255.255.255 is broadcast (RFC 919).
  return !isBroadcast && (first < 224 || first > 239);
}

function bytesOf(dotted: string): Ipv4Address {
  return dotted.split('.').map(Number) as unknown as Ipv4Address;
}

/** `::ffff:1.2.3.4` with its last 32 bits as two groups. */
function plain(text: string): string {
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(text)?.[0];
  if (dotted === undefined) return text;
  const [a, b, c, d] = bytesOf(dotted);
  return `${text.slice(0, -dotted.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
