import { describe, expect, test } from 'vitest';
import { payloadOf } from '../test-instance.ts';
import {
  addressText,
  endpointOf,
  fromEndpoint,
  type IpSocketAddress,
  parseAddress,
  toEndpoint,
  unmapped,
} from './address.ts';

const v4 = (address: readonly number[], port = 80) =>
  ({ tag: 'ipv4', val: { port, address } }) as unknown as IpSocketAddress;
const v6 = (address: readonly number[], port = 80, more = {}) =>
  ({
    tag: 'ipv6',
    val: { port, flowInfo: 0, address, scopeId: 0, ...more },
  }) as unknown as IpSocketAddress;

test.each([
  ['1.2.3.4', 'ipv4', '1.2.3.4'],
  ['::', 'ipv6', '::'],
  ['::1', 'ipv6', '::1'],
  ['2001:DB8:0:0:0:0:0:1', 'ipv6', '2001:db8::1'],
  ['2001:db8::', 'ipv6', '2001:db8::'],
  ['1:2:3:4:5:6:7:8', 'ipv6', '1:2:3:4:5:6:7:8'],
  ['64:ff9b::1.2.3.4', 'ipv6', '64:ff9b::102:304'],
  ['::ffff:1.2.3.4', 'ipv6', '::ffff:1.2.3.4'],
  ['::1.2.3.4', 'ipv6', '::1.2.3.4'],
])('%s is read and written in one form', (text, family, canonical) => {
  const parsed = parseAddress(text);
  expect(parsed?.tag).toBe(family);
  if (parsed === undefined) throw new Error('not read');
  expect(addressText(parsed)).toBe(canonical);
  expect(parseAddress(canonical)).toEqual(parsed);
});

test.each([
  '',
  '1.2.3',
  '01.2.3.4',
  '256.1.1.1',
  '1::2::3',
  'fe80::1%eth0',
  '[::1]',
  '::1]:5',
  'a.b',
  '0x7f.1',
  ':::',
])('%s is no address', (text) => expect(parseAddress(text)).toBeUndefined());

describe('what an address may be used for', () => {
  test.each([
    ['another family', v6([0, 0, 0, 0, 0, 0, 0, 1]), ['bind-tcp', 'bind-udp', 'connect', 'send']],
    ['an unspecified address', v4([0, 0, 0, 0]), ['connect', 'send']],
    ['port 0', v4([127, 0, 0, 1], 0), ['connect', 'send']],
    ['multicast', v4([224, 0, 0, 1]), ['bind-tcp', 'connect']],
    ['multicast', v4([239, 255, 255, 255]), ['bind-tcp', 'connect']],
    ['broadcast', v4([255, 255, 255, 255]), ['bind-tcp', 'connect']],
    ['a loopback address', v4([127, 0, 0, 1]), []],
  ] as const)('%s', (_what, address, refused) => {
    for (const role of ['bind-tcp', 'bind-udp', 'connect', 'send'] as const) {
      const convert = () => toEndpoint(address, 'ipv4', role);
      if ((refused as readonly string[]).includes(role))
        expect(payloadOf(convert)).toBe('invalid-argument');
      else expect(convert().port).toBe(address.val.port);
    }
  });

  test('IPv6: mapped addresses, multicast, scopes and flows', () => {
    const bad = (address: IpSocketAddress, role: 'bind-tcp' | 'send') =>
      payloadOf(() => toEndpoint(address, 'ipv6', role));
    const mapped = v6([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1]);
    expect(bad(mapped, 'bind-tcp')).toBe('invalid-argument');
    expect(bad(mapped, 'send')).toBe('invalid-argument');
    expect(bad(v6([0xff02, 0, 0, 0, 0, 0, 0, 1]), 'bind-tcp')).toBe('invalid-argument');
    expect(bad(v6([0xfe80, 0, 0, 0, 0, 0, 0, 1], 80, { scopeId: 2 }), 'send')).toBe(
      'not-supported',
    );
    expect(bad(v6([0xfe80, 0, 0, 0, 0, 0, 0, 1], 80, { flowInfo: 2 }), 'send')).toBe(
      'not-supported',
    );
    expect(toEndpoint(v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]), 'ipv6', 'send')).toEqual({
      family: 'ipv6',
      address: '2001:db8::1',
      port: 80,
    });
  });
});

test('endpoints go there and back, and a zone is none', () => {
  const there = endpointOf('2001:db8::7', 9);
  if (there === undefined) throw new Error('not read');
  expect(fromEndpoint(there)).toEqual(v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7], 9));
  expect(endpointOf('fe80::1%lo', 9)).toBeUndefined();
});

test('a mapped address is unmapped, others are not', () => {
  expect(unmapped({ tag: 'ipv6', val: [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1] })).toEqual({
    tag: 'ipv4',
    val: [127, 0, 0, 1],
  });
  expect(unmapped({ tag: 'ipv6', val: [0, 0, 0, 0, 0, 0, 0x7f00, 1] }).tag).toBe('ipv6');
});
