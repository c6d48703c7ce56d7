import ipaddr from 'ipaddr.js';
import type { AddressRange } from '../../config/index.ts';

/** What an IP address is, seen from a host that must not be led into its own network. */
export interface JudgedAddress {
  /** The one form that is dialled: IPv4-mapped addresses as IPv4, IPv6 compressed. */
  readonly address: string;
  readonly family: 4 | 6;
  /** Whether it may be dialled without a grant that names it. */
  readonly public: boolean;
  /** What it is, for people: `loopback`, `private`, `linkLocal`, `unicast`… */
  readonly range: string;
  /** IPv4 addresses that a translator or tunnel would go on to, in text form. */
  readonly embedded: readonly string[];
}

/**
 * Judges a literal address; `undefined` where the text is none in its usual form (dotted decimal, or
 * RFC 4291 section 2.2 without a zone): odd notations are the business of whoever parsed the authority.
 *
 * Public is what ipaddr.js calls `unicast` after `process()`, and for IPv6 also within 2000::/3, the only
 * part that IANA has given out; and nothing that carries a non-public IPv4 address within it
 * (RFC 6052, RFC 3056, RFC 4380, RFC 5214).
 */
export function judgeAddress(text: string): JudgedAddress | undefined {
  if (
    text.includes('%') ||
    (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text))
  )
    return undefined;
  const parsed = ipaddr.process(text);
  const range = parsed.range();
  if (parsed instanceof ipaddr.IPv4) {
    return {
      address: parsed.toString(),
      family: 4,
      public: range === 'unicast',
      range,
      embedded: [],
    };
  }
  const embedded = embeddedIPv4(parsed);
  const isGlobal = parsed.match(GLOBAL_UNICAST, 3);
  const isPublic =
    range === 'unicast' &&
    isGlobal &&
    embedded.every((each) => judgeAddress(each)?.public === true);
  return {
    address: parsed.toString(),
    family: 6,
    public: isPublic,
    range: isGlobal ? range : reservedName(range),
    embedded,
  };
}

/** Whether one of the ranges holds the address and everything that it would be translated to, where that is not public. */
export function covers(ranges: readonly AddressRange[], judged: JudgedAddress): boolean {
  if (!ranges.some((range) => holds(range, judged.address))) return false;
  return judged.embedded.every(
    (each) => judgeAddress(each)?.public === true || ranges.some((range) => holds(range, each)),
  );
}

function holds(range: AddressRange, text: string): boolean {
  const address = ipaddr.parse(text);
  let base = ipaddr.parse(range.address);
  let prefix = range.prefix;
  // A block of IPv4-mapped addresses is the IPv4 block: addresses are judged in that form too.
  if (base instanceof ipaddr.IPv6 && base.isIPv4MappedAddress() && prefix >= 96) {
    base = base.toIPv4Address();
    prefix -= 96;
  }
  if (address instanceof ipaddr.IPv4)
    return base instanceof ipaddr.IPv4 && address.match(base, prefix);
  return base instanceof ipaddr.IPv6 && address.match(base, prefix);
}

const GLOBAL_UNICAST = ipaddr.IPv6.parse('2000::');

function reservedName(range: string): string {
  return range === 'unicast' ? 'reserved' : range;
}

function embeddedIPv4(address: ipaddr.IPv6): string[] {
  const parts = address.parts;
  const at = (index: number): string => {
    const high = parts[index] ?? 0;
    const low = parts[index + 1] ?? 0;
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  };
  const [p0, p1, p2, , p4, p5] = parts;
  switch (address.range()) {
    case 'rfc6052':
      // The local-use prefix leaves to the network where in it the IPv4 address stands; the last 32 bits are the usual place.
      return [at(6)];
    case 'rfc6145':
      return [at(6)];
    case '6to4':
      return [at(1)];
    case 'teredo':
      return [
        at(2),
        at(6)
          .split('.')
          .map((byte) => 255 - Number(byte))
          .join('.'),
      ];
  }
  // ::a.b.c.d, deprecated by RFC 4291 section 2.5.5.1 and still routed by some.
  const isCompatible =
    [p0, p1, p2, parts[3], p4, p5].every((part) => part === 0) &&
    (parts[6] !== 0 || (parts[7] ?? 0) > 1);
  const isIsatap = (p4 === 0 || p4 === 0x200) && p5 === 0x5efe;
  return isCompatible || isIsatap ? [at(6)] : [];
}
