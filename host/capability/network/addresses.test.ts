import { describe, expect, test } from 'vitest';
import { covers, judgeAddress } from './addresses.ts';

describe('judgeAddress', () => {
  test.each([
    ['93.184.216.34', '93.184.216.34'],
    ['2606:2800:220:1:248:1893:25c8:1946', '2606:2800:220:1:248:1893:25c8:1946'],
    ['::ffff:93.184.216.34', '93.184.216.34'],
    ['2606:2800:0220:0001:0248:1893:25C8:1946', '2606:2800:220:1:248:1893:25c8:1946'],
  ])('%s is public, and dialled as %s', (text, address) => {
    expect(judgeAddress(text)).toMatchObject({ public: true, address });
  });

  test.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.0.9', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['10.0.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrierGradeNat'],
    ['169.254.169.254', 'linkLocal'],
    ['192.0.0.8', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['203.0.113.7', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['::7f00:1', 'reserved'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:0:127.0.0.1', 'rfc6145'],
    ['64:ff9b::7f00:1', 'rfc6052'],
    ['64:ff9b::8.8.8.8', 'rfc6052'],
    ['64:ff9b:1::a00:1', 'rfc6052'],
    ['2002:7f00:1::', '6to4'],
    ['2001:0:4136:e378:8000:63bf:80ff:fffe', 'teredo'],
    ['2001:db8::1', 'reserved'],
    ['fe80::1', 'linkLocal'],
    ['fec0::1', 'deprecatedSiteLocal'],
    ['fd00:ec2::254', 'uniqueLocal'],
    ['fc00::1', 'uniqueLocal'],
    ['ff02::1', 'multicast'],
    ['5f00::1', expect.any(String)],
    ['4000::1', 'reserved'],
  ])('%s is not public (%s)', (text, range) => {
    expect(judgeAddress(text)).toMatchObject({ public: false, range });
  });

  test('a tunnel address of a public prefix is judged by the IPv4 address within it', () => {
    expect(judgeAddress('2606:2800:220:1:0:5efe:10.0.0.1')).toMatchObject({
      public: false,
      embedded: ['10.0.0.1'],
    });
    expect(judgeAddress('2606:2800:220:1:200:5efe:8.8.8.8')).toMatchObject({
      public: true,
      embedded: ['8.8.8.8'],
    });
  });

  test.each([
    '2130706433',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '127.1',
    '127.0.0.01',
    'fe80::1%eth0',
    '::1%lo',
    '',
    'localhost',
    '[::1]',
    '1.2.3.4 ',
  ])('%j is no address in its usual form', (text) => {
    expect(judgeAddress(text)).toBeUndefined();
  });
});

describe('covers', () => {
  const judged = (text: string) => {
    const found = judgeAddress(text);
    if (found === undefined) throw new Error(`${text} is no address`);
    return found;
  };
  const v4 = (address: string, prefix: number) => ({ address, prefix, family: 4 as const });
  const v6 = (address: string, prefix: number) => ({ address, prefix, family: 6 as const });

  test('an address within the block, and none beside it', () => {
    expect(covers([v4('10.1.0.0', 16)], judged('10.1.255.255'))).toBe(true);
    expect(covers([v4('10.1.0.0', 16)], judged('10.2.0.0'))).toBe(false);
    expect(covers([v6('fd00::', 8)], judged('fd12::1'))).toBe(true);
    expect(covers([], judged('10.1.0.1'))).toBe(false);
  });

  test('IPv4 blocks do not cover IPv6 addresses, nor the reverse', () => {
    expect(covers([v4('0.0.0.0', 0)], judged('fd00::1'))).toBe(false);
    expect(covers([v6('::', 0)], judged('10.0.0.1'))).toBe(false);
  });

  test('a mapped block covers the IPv4 addresses that it maps', () => {
    expect(covers([v6('::ffff:10.0.0.0', 104)], judged('::ffff:10.9.9.9'))).toBe(true);
    expect(covers([v6('::ffff:10.0.0.0', 104)], judged('11.0.0.1'))).toBe(false);
  });

  test('a translator prefix does not cover the private IPv4 addresses behind it', () => {
    expect(covers([v6('64:ff9b::', 96)], judged('64:ff9b::8.8.8.8'))).toBe(true);
    expect(covers([v6('64:ff9b::', 96)], judged('64:ff9b::127.0.0.1'))).toBe(false);
    expect(covers([v6('64:ff9b::', 96), v4('10.0.0.0', 8)], judged('64:ff9b::10.0.0.1'))).toBe(
      true,
    );
    expect(covers([v6('2002::', 16)], judged('2002:a00:1::1'))).toBe(false);
  });
});
