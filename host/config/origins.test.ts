import { describe, expect, it } from 'vitest';
import { ConfigError } from './errors.ts';
import { canonicalHost } from './hosts.ts';
import { matchOrigin, parseOriginPattern } from './origins.ts';

function allows(pattern: string, scheme: string, host: string, port?: number): boolean {
  return matchOrigin(parseOriginPattern(pattern), { scheme, host, port });
}

describe('an exact origin', () => {
  const pattern = 'https://allowed.com';

  it('matches itself, whatever the case and however the default port is given', () => {
    expect(allows(pattern, 'https', 'allowed.com')).toBe(true);
    expect(allows(pattern, 'HTTPS', 'ALLOWED.Com', 443)).toBe(true);
    expect(allows('HTTPS://Allowed.COM', 'https', 'allowed.com')).toBe(true);
  });

  it.each([
    ['a longer name', 'allowed.com.evil'],
    ['a user part', 'allowed.com@evil'],
    ['the pattern as a user part', 'evil@allowed.com'],
    ['a name that ends alike', 'notallowed.com'],
    ['a subdomain', 'sub.allowed.com'],
    ['a trailing dot', 'allowed.com.'],
    ['a full-width trailing dot', 'allowed.com\u3002'],
    ['a port inside the host', 'allowed.com:443'],
    ['a path', 'allowed.com/evil'],
    ['a backslash', 'allowed.com\\evil'],
    ['a fragment', 'evil#allowed.com'],
    ['a query', 'evil?allowed.com'],
    ['percent encoding', 'allowed%2ecom'],
    ['white space', 'allowed.com '],
    ['a tab that a URL parser drops', 'allo\twed.com'],
    ['a NUL', 'allowed.com\0'],
    ['a look-alike letter', 'аllowed.com'],
    ['nothing', ''],
    ['an empty label', 'allowed..com'],
  ])('does not match %s', (_, host) => {
    expect(allows(pattern, 'https', host)).toBe(false);
  });

  it('does not match another port or scheme', () => {
    expect(allows(pattern, 'https', 'allowed.com', 8443)).toBe(false);
    expect(allows(pattern, 'http', 'allowed.com')).toBe(false);
    expect(allows(pattern, 'http', 'allowed.com', 443)).toBe(false);
    expect(allows(pattern, 'ftp', 'allowed.com', 443)).toBe(false);
    expect(allows(pattern, 'https', 'allowed.com', 0)).toBe(false);
    expect(allows('*', 'https', 'allowed.com', Number.NaN)).toBe(false);
    expect(allows('*', 'ftp', 'allowed.com')).toBe(false);
  });
});

describe('wildcards', () => {
  it('match every name below a suffix, and not the suffix', () => {
    const pattern = 'https://*.example.com';
    expect(allows(pattern, 'https', 'a.example.com')).toBe(true);
    expect(allows(pattern, 'https', 'a.b.EXAMPLE.com')).toBe(true);
    expect(allows(pattern, 'https', 'example.com')).toBe(false);
    expect(allows(pattern, 'https', 'evilexample.com')).toBe(false);
    expect(allows(pattern, 'https', 'a.example.com.evil')).toBe(false);
    expect(allows(pattern, 'https', '.example.com')).toBe(false);
  });

  it('leave the port at the scheme’s default unless it is a wildcard too', () => {
    expect(allows('*://a.com', 'http', 'a.com')).toBe(true);
    expect(allows('*://a.com', 'https', 'a.com')).toBe(true);
    expect(allows('*://a.com', 'http', 'a.com', 443)).toBe(false);
    expect(allows('http://a.com:*', 'http', 'a.com', 9000)).toBe(true);
    expect(allows('http://*:9000', 'http', 'b.com', 9000)).toBe(true);
    expect(allows('http://*:9000', 'http', 'b.com')).toBe(false);
    expect(allows('*', 'http', 'anything.test', 12_345)).toBe(true);
  });
});

describe('international names', () => {
  it('are compared as punycode', () => {
    expect(allows('https://bücher.example', 'https', 'xn--bcher-kva.example')).toBe(true);
    expect(allows('https://xn--bcher-kva.example', 'https', 'BÜCHER.example')).toBe(true);
    expect(allows('https://bucher.example', 'https', 'bücher.example')).toBe(false);
  });
});

describe('addresses', () => {
  it.each(['127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '１２７.０.０.１'])(
    '%s is 127.0.0.1',
    (host) => {
      expect(canonicalHost(host)).toEqual({ kind: 'address', address: '127.0.0.1', family: 4 });
      expect(allows('http://127.0.0.1', 'http', host)).toBe(true);
      expect(allows('http://*.0.1.example', 'http', host)).toBe(false);
    },
  );

  it.each(['[::1]', '::1', '[0:0:0:0:0:0:0:1]', '[::0001]'])('%s is ::1', (host) => {
    expect(canonicalHost(host)).toEqual({ kind: 'address', address: '::1', family: 6 });
    expect(allows('http://[::1]:9000', 'http', host, 9000)).toBe(true);
  });

  it('keep a mapped address apart from the one inside it', () => {
    expect(canonicalHost('[::ffff:127.0.0.1]')).toEqual({
      kind: 'address',
      address: '::ffff:7f00:1',
      family: 6,
    });
    expect(allows('http://127.0.0.1', 'http', '[::ffff:127.0.0.1]')).toBe(false);
  });

  it.each([
    '[fe80::1%25eth0]',
    'fe80::1%eth0',
    '[::1',
    '::1]',
    '[127.0.0.1]',
    '1.2.3.4.5',
    '256.1.1.1',
    '127.0.0.1.',
  ])('%s is no host', (host) => {
    expect(canonicalHost(host)).toBeUndefined();
  });

  it('do not match a suffix', () => {
    expect(() => parseOriginPattern('http://*.0.0.1')).toThrow(ConfigError);
  });
});

describe('a pattern', () => {
  it.each([
    ['example.com', 'Write "https://example.com" (or http://, or *://).'],
    ['https://a.com/', 'Write "https://a.com".'],
    ['https://a.com/x?y', 'Write "https://a.com".'],
    ['https://user@a.com', 'Leave out everything up to the @.'],
    ['ftp://a.com', 'Use http, https, or * for both.'],
    ['https://a.*.com', 'Use * alone, or at the start as in "*.example.com".'],
    ['https://*a.com', 'Use * alone, or at the start as in "*.example.com".'],
    ['https://a.com.', 'Leave out the trailing dot: "a.com".'],
    ['http://0x7f.1', 'Write 127.0.0.1, if that address is meant.'],
    ['https://a.com:0', 'Give a number from 1 to 65535, or *.'],
    ['https://a.com:', 'Give a number from 1 to 65535, or *.'],
    ['https://a.com:080', 'Give a number from 1 to 65535, or *.'],
    [
      'https://',
      'Give a name such as "api.example.com", an IPv4 address, or an IPv6 address in brackets.',
    ],
    ['https://*.', 'Write "*." and a domain name, e.g. "*.example.com".'],
    [
      '',
      'Write it as "https://api.example.com", "https://*.example.com", "http://127.0.0.1:9000" or "*".',
    ],
  ])('such as %j is refused with a way out', (text, fix) => {
    expect(() => parseOriginPattern(text)).toThrow(
      expect.objectContaining({ code: 'config-invalid', fix }),
    );
  });
});
