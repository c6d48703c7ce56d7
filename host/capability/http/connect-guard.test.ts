import { describe, expect, test } from 'vitest';
import type { HttpGrant } from '../../config/index.ts';
import { httpGrant } from '../testing.ts';
import { ConnectGuard } from './connect-guard.ts';
import { parseTarget, type Target } from './target.ts';

function guard(...grants: HttpGrant[]): ConnectGuard {
  return new ConnectGuard(grants, {
    ownAddresses: () => [{ address: '0.0.0.0', port: 8081 }],
    machineAddresses: () => ['127.0.0.1', '10.9.9.9'],
  });
}

function target(scheme: string, authority: string): Target {
  const found = parseTarget(scheme, authority);
  if (found === undefined) throw new Error(`${authority} is no target`);
  return found;
}

describe('refuseOrigin', () => {
  test('names the line and the flag that would allow exactly this origin', () => {
    expect(guard().refuseOrigin(target('https', 'API.example.com'))).toEqual({
      what: 'a request to https://api.example.com',
      fix: 'add http = ["https://api.example.com"] to the function\'s grants, or run with --allow-http https://api.example.com',
    });
  });

  test.each([
    ['https', 'allowed.com.evil.example'],
    ['https', 'xallowed.com'],
    ['https', 'allowed.com:8443'],
    ['http', 'allowed.com'],
    ['http', 'allowed.com:443'],
    ['https', 'sub.allowed.com'],
  ])('a grant for https://allowed.com does not cover %s://%s', (scheme, authority) => {
    expect(
      guard(httpGrant('https://allowed.com')).refuseOrigin(target(scheme, authority)),
    ).toBeDefined();
  });

  test.each([
    ['https', 'allowed.com'],
    ['https', 'ALLOWED.com'],
    ['https', 'allowed.com:443'],
  ])('it covers %s://%s', (scheme, authority) => {
    expect(
      guard(httpGrant('https://allowed.com')).refuseOrigin(target(scheme, authority)),
    ).toBeUndefined();
  });
});

describe('judge', () => {
  test('a wildcard never opens addresses that are not public', () => {
    const verdict = guard(httpGrant('*')).judge(target('http', 'rebound.example'), [
      '127.0.0.1',
      '::1',
      '0.0.0.0',
      '10.0.0.1',
      '169.254.169.254',
      'fd00:ec2::254',
      '100.64.0.1',
      'fe80::1',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
    ]);
    expect(verdict.allowed).toEqual([]);
    expect(verdict.reason).toBeDefined();
  });

  test('of a mixed answer only the public addresses are left', () => {
    const { allowed, reason } = guard(httpGrant('http://*.example')).judge(
      target('http', 'mixed.example'),
      ['127.0.0.1', '93.184.216.34'],
    );
    expect(allowed.map((each) => each.address)).toEqual(['93.184.216.34']);
    expect(reason).toBeUndefined();
  });

  test('for a private address of a name the fix is the form with addresses', () => {
    const { reason } = guard(httpGrant('https://sensor.example')).judge(
      target('https', 'sensor.example'),
      ['10.1.2.3'],
    );
    expect(reason?.what).toBe(
      'a request to https://sensor.example, whose address 10.1.2.3 is not public (private)',
    );
    expect(reason?.fix).toContain(
      'http = [{ origin = "https://sensor.example", addresses = ["10.1.2.3/32"] }]',
    );
  });

  test('for a private literal it is the literal itself', () => {
    const { reason } = guard(httpGrant('*')).judge(target('http', '10.1.2.3:9000'), ['10.1.2.3']);
    expect(reason?.fix).toContain('http = ["http://10.1.2.3:9000"]');
    expect(reason?.fix).toContain('--allow-http http://10.1.2.3:9000');
  });

  test('addresses open the block for this origin only', () => {
    const granted = guard(
      httpGrant('https://sensor.example', { address: '10.1.0.0', prefix: 16, family: 4 }),
      httpGrant('*'),
    );
    expect(granted.judge(target('https', 'sensor.example'), ['10.1.2.3']).allowed).toHaveLength(1);
    expect(granted.judge(target('https', 'sensor.example'), ['10.2.2.3']).allowed).toHaveLength(0);
    expect(granted.judge(target('https', 'other.example'), ['10.1.2.3']).allowed).toHaveLength(0);
  });

  test('a literal opens itself, localhost the loopback and nothing else', () => {
    expect(
      guard(httpGrant('http://10.0.0.5:80')).judge(target('http', '10.0.0.5'), ['10.0.0.5'])
        .allowed,
    ).toHaveLength(1);
    const local = guard(httpGrant('http://localhost:9000'));
    expect(
      local
        .judge(target('http', 'localhost:9000'), ['127.0.0.1', '::1', '10.0.0.5'])
        .allowed.map((each) => each.address),
    ).toEqual(['127.0.0.1', '::1']);
  });

  test.each(['127.0.0.1', '10.9.9.9', '0.0.0.0'])(
    "the host's own port is refused at %s even where it is granted literally",
    (address) => {
      const { allowed, reason } = guard(httpGrant(`http://${address}:8081`)).judge(
        target('http', `${address}:8081`),
        [address],
      );
      expect(allowed).toEqual([]);
      expect(reason?.what).toContain("this host's own address");
    },
  );

  test('what is not an address is refused', () => {
    expect(
      guard(httpGrant('*')).judge(target('http', 'odd.example'), ['2130706433']).allowed,
    ).toEqual([]);
  });
});
