import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../../wasi/sockets/index.ts';
import type { SocketAddress } from '../capability.ts';
import { socketGrant } from '../testing.ts';
import { SocketGuard, type Protocol } from './guard.ts';

const machine = ['127.0.0.1', '::1', '192.168.7.2'];

function guard(
  grants: Parameters<typeof socketGrant>[] | readonly string[],
  own: readonly SocketAddress[] = [],
): SocketGuard {
  const parsed = grants.map((each) =>
    typeof each === 'string' ? socketGrant(each) : socketGrant(...each),
  );
  return new SocketGuard(parsed, { ownAddresses: () => own, machineAddresses: () => machine });
}

function at(text: string): [Protocol, Endpoint] {
  const match = /^(tcp|udp):\[?([^\]]+?)\]?:(\d+)$/.exec(text);
  if (match === null) throw new Error(text);
  const [, protocol, address = '', port] = match;
  return [
    protocol as Protocol,
    { family: address.includes(':') ? 'ipv6' : 'ipv4', address, port: Number(port) },
  ];
}

const connect = (grants: readonly string[], to: string, ...names: string[]) =>
  guard(grants).refuseConnect(...at(to), names) === undefined;

const ten = { address: '10.0.0.0', prefix: 8, family: 4 } as const;

describe('connecting', () => {
  test.each([
    // grants, to, names that the guest was given it for, allowed?
    [['tcp:10.0.0.5:1883'], 'tcp:10.0.0.5:1883', [], true],
    [['tcp:10.0.0.5:1883'], 'udp:10.0.0.5:1883', [], false],
    [['tcp:10.0.0.5:1883'], 'tcp:10.0.0.5:1884', [], false],
    [['tcp:10.0.0.5:1883'], 'tcp:10.0.0.6:1883', [], false],
    [['*:10.0.0.5:*'], 'udp:10.0.0.5:53', [], true],
    [['tcp:[2001:db8::5]:80'], 'tcp:[2001:db8::5]:80', [], true],
    [['tcp:127.0.0.1:80'], 'tcp:127.0.0.1:80', [], true],
    [['tcp:127.0.0.1:80'], 'tcp:127.0.0.2:80', [], false],
    [['listen:tcp:127.0.0.1:80'], 'tcp:127.0.0.1:80', [], false],
    [[], 'tcp:8.8.8.8:53', [], false],
    // Every public one, and no other.
    [['tcp:*:443'], 'tcp:8.8.8.8:443', [], true],
    [['tcp:*:443'], 'tcp:8.8.8.8:80', [], false],
    [['tcp:*:443'], 'tcp:[2606:4700::1]:443', [], true],
    // A name opens what it resolved to, and not what it did not.
    [['tcp:broker.example.com:1883'], 'tcp:8.8.8.8:1883', ['broker.example.com'], true],
    [['tcp:broker.example.com:1883'], 'tcp:8.8.8.8:1883', [], false],
    [['tcp:broker.example.com:1883'], 'tcp:8.8.8.8:1883', ['other.example.com'], false],
    [['tcp:broker.example.com:1883'], 'tcp:8.8.8.8:1884', ['broker.example.com'], false],
    [['tcp:broker.example.com:1883'], 'tcp:10.0.0.5:1883', ['broker.example.com'], false],
    [['tcp:*.example.com:443'], 'tcp:8.8.8.8:443', ['a.example.com'], true],
    [['tcp:*.example.com:443'], 'tcp:8.8.8.8:443', ['example.com'], false],
    [['tcp:localhost:80'], 'tcp:127.0.0.1:80', ['localhost'], true],
    [['tcp:localhost:80'], 'tcp:127.0.0.1:80', [], false],
    [['tcp:localhost:80'], 'tcp:10.0.0.1:80', ['localhost'], false],
    [['tcp:evil.example:80'], 'tcp:127.0.0.1:80', ['evil.example'], false],
    // The rule of one grant does not lend itself to another.
    [
      ['tcp:broker.example.com:1883', 'tcp:10.0.0.5:80'],
      'tcp:10.0.0.5:1883',
      ['broker.example.com'],
      false,
    ],
  ] as const)('%j to %s known as %j: %s', (grants, to, names, allowed) => {
    expect(connect(grants, to, ...names)).toBe(allowed);
  });

  // E1 to E3: none of these is opened by a wildcard, nor by a name that resolves to it.
  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '0.0.0.0',
    '169.254.169.254',
    'fd00:ec2::254',
    '100.64.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.7.2',
    'fe80::1',
    'fc00::1',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '::127.0.0.1',
    '2001:0:0:0:0:0:80ff:fffe',
    'ff02::1',
  ])('%s is not opened by * nor by a name', (address) => {
    const to = address.includes(':') ? `[${address}]` : address;
    expect(connect(['*:*:*'], `tcp:${to}:80`)).toBe(false);
    expect(connect(['*:*:*'], `udp:${to}:80`)).toBe(false);
    expect(connect(['*:a.example:*', '*:*.example:*'], `tcp:${to}:80`, 'a.example')).toBe(false);
    expect(guard(['*:a.example:*', '*:*:*']).reachable('a.example', [address])).toEqual([]);
  });

  test('blocks of a grant open what it covers, and nothing else', () => {
    const name = guard([['tcp:broker.local:1883', ten]]);
    expect(name.refuseConnect(...at('tcp:10.1.2.3:1883'), ['broker.local'])).toBeUndefined();
    expect(name.refuseConnect(...at('tcp:10.1.2.3:1883'), [])).toBeDefined();
    expect(name.refuseConnect(...at('tcp:192.168.0.1:1883'), ['broker.local'])).toBeDefined();
    expect(
      name.reachable('broker.local', ['10.1.2.3', '192.168.0.1', '8.8.8.8', 'nonsense']),
    ).toEqual(['10.1.2.3', '8.8.8.8']);
    const any = guard([['tcp:*:502', ten]]);
    expect(any.refuseConnect(...at('tcp:10.1.2.3:502'), [])).toBeUndefined();
    expect(any.refuseConnect(...at('tcp:127.0.0.1:502'), [])).toBeDefined();
  });

  test("the host's own addresses are never reached", () => {
    const own = [
      { address: '127.0.0.1', port: 8081 },
      { address: '0.0.0.0', port: 8080 },
    ];
    const all = guard(['*:127.0.0.1:*', '*:192.168.7.2:*', '*:[::1]:*', '*:*:*'], own);
    for (const to of [
      'tcp:127.0.0.1:8081',
      'udp:127.0.0.1:8081',
      'tcp:127.0.0.1:8080',
      'tcp:192.168.7.2:8080',
      'tcp:[::1]:8080',
    ])
      expect(all.refuseConnect(...at(to), [])).toMatchObject({
        what: expect.stringContaining("this host's own address"),
      });
    expect(all.refuseConnect(...at('tcp:127.0.0.1:8082'), [])).toBeUndefined();
    expect(all.refuseConnect(...at('tcp:192.168.7.2:8081'), [])).toBeUndefined();
  });

  test('a refusal says the entry that would allow it', () => {
    expect(guard([]).refuseConnect(...at('tcp:10.0.0.5:1883'), [])).toEqual({
      what: 'a connection to tcp:10.0.0.5:1883',
      fix: 'add sockets = ["tcp:10.0.0.5:1883"] to the function\'s grants, or run with --allow-socket tcp:10.0.0.5:1883',
    });
    expect(guard(['*:*:*']).refuseConnect(...at('udp:[::1]:53'), [])).toEqual({
      what: 'a connection to udp:[::1]:53, whose address is not public (loopback)',
      fix: 'add sockets = ["udp:[::1]:53"] to the function\'s grants, or run with --allow-socket udp:[::1]:53',
    });
  });
});

describe('listening', () => {
  test.each([
    [['listen:udp:127.0.0.1:1700'], 'udp:127.0.0.1:1700', true],
    [['listen:udp:127.0.0.1:1700'], 'tcp:127.0.0.1:1700', false],
    [['listen:udp:127.0.0.1:1700'], 'udp:127.0.0.1:1701', false],
    [['listen:udp:127.0.0.1:1700'], 'udp:127.0.0.1:0', false],
    [['listen:udp:127.0.0.1:1700'], 'udp:0.0.0.0:1700', false],
    [['listen:udp:127.0.0.1:*'], 'udp:127.0.0.1:0', true],
    [['listen:udp:0.0.0.0:1700'], 'udp:127.0.0.1:1700', true],
    [['listen:udp:0.0.0.0:1700'], 'udp:[::1]:1700', false],
    [['listen:udp:[::]:1700'], 'udp:[::1]:1700', true],
    [['listen:udp:*:1700'], 'udp:[::1]:1700', true],
    [['listen:*:*:*'], 'tcp:0.0.0.0:1', true],
    [['*:*:*', 'tcp:127.0.0.1:80'], 'tcp:127.0.0.1:80', false],
  ] as const)('%j at %s: %s', (grants, local, allowed) => {
    expect(guard(grants).refuseListen(...at(local)) === undefined).toBe(allowed);
  });

  test('whoever may connect may leave from a port of the system, and no other', () => {
    const bind = (grants: readonly string[], local: string) =>
      guard(grants).refuseBind(...at(local)) === undefined;
    expect(bind(['tcp:10.0.0.5:1883'], 'tcp:0.0.0.0:0')).toBe(true);
    expect(bind(['tcp:10.0.0.5:1883'], 'tcp:0.0.0.0:5000')).toBe(false);
    expect(bind(['tcp:10.0.0.5:1883'], 'udp:0.0.0.0:0')).toBe(false);
    expect(bind(['listen:tcp:0.0.0.0:5000'], 'tcp:0.0.0.0:5000')).toBe(true);
    expect(bind([], 'tcp:0.0.0.0:0')).toBe(false);
  });

  test("the host's own ports are never given", () => {
    const reason = guard(['listen:*:*:*'], [{ address: '127.0.0.1', port: 8081 }]).refuseListen(
      ...at('tcp:0.0.0.0:8081'),
    );
    expect(reason).toMatchObject({
      what: 'listening at tcp:0.0.0.0:8081, a port of this host itself',
    });
  });

  test('a refusal says the entry that would allow it', () => {
    expect(guard([]).refuseListen(...at('udp:127.0.0.1:0'))?.fix).toContain(
      '--allow-socket listen:udp:127.0.0.1:*',
    );
    expect(guard([]).refuseListen(...at('tcp:[::]:80'))?.fix).toContain(
      'add sockets = ["listen:tcp:[::]:80"]',
    );
  });
});

test.each([
  [['tcp:a.example:1'], 'a.example', true],
  [['tcp:a.example:1'], 'b.example', false],
  [['tcp:a.example:1'], 'a.example.evil', false],
  [['tcp:*.example:1'], 'b.example', true],
  [['tcp:*.example:1'], 'example', false],
  [['udp:*:53'], 'any.example', true],
  [['tcp:10.0.0.5:1'], 'a.example', false],
  [['listen:tcp:*:1'], 'a.example', false],
  [[], 'a.example', false],
] as const)('look-up with %j of %s: %s', (grants, name, allowed) => {
  expect(guard(grants).refuseName(name) === undefined).toBe(allowed);
});
