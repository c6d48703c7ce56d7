import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isFieldValue,
  isHttpAuthority,
  isPathWithQuery,
  isScheme,
  isToken,
  parseAuthority,
} from './syntax.ts';

const TOKEN_CHARACTERS =
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

test('a token is one or more token characters, and nothing else is (RFC 9110 §5.6.2)', () => {
  for (let unit = 0; unit <= 0x180; unit++) {
    const character = String.fromCharCode(unit);
    expect(isToken(`a${character}b`), `U+${unit.toString(16)}`).toBe(
      TOKEN_CHARACTERS.includes(character),
    );
    expect(isToken(character)).toBe(TOKEN_CHARACTERS.includes(character));
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS.split('')), minLength: 1 }),
      (name) => {
        expect(isToken(name)).toBe(true);
      },
    ),
  );
  for (const name of ['', 'a\n', '\u212a', 'é', '\ud800']) expect(isToken(name)).toBe(false);
});

test('a field value has no control character but HTAB (RFC 9110 §5.5)', () => {
  for (let byte = 0; byte < 256; byte++) {
    const allowed = byte === 9 || (byte >= 32 && byte !== 127);
    expect(isFieldValue(Uint8Array.of(0x61, byte, 0x62)), `byte ${byte}`).toBe(allowed);
  }
  expect(isFieldValue(new Uint8Array(0))).toBe(true);
});

test('no field value can end a line or a header section', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (value) => {
      const ends = value.some((byte) => byte === 0 || byte === 10 || byte === 13);
      expect(isFieldValue(value) && ends).toBe(false);
    }),
  );
});

test.each([
  '',
  '/',
  '*',
  '/a/b?c=d&e[]=f',
  '?q',
  '/%20',
  '/a?b?c/d',
  '/{x}|^',
  '//x',
  '/:8080',
  '/@evil',
])('%j is a path', (path) => {
  expect(isPathWithQuery(path)).toBe(true);
});

test.each([
  'a',
  '/a b',
  '/a#b',
  '/a\\b',
  '\\',
  '/\r\nx',
  '/\u0000',
  '/é',
  '*x',
  '/<',
  '/"',
  'http://x/',
  '/a\n',
])('%j is no path', (path) => {
  expect(isPathWithQuery(path)).toBe(false);
});

test.each(['a', 'HTTP', 'git+ssh', 'x-1.2'])('%j is a scheme', (scheme) => {
  expect(isScheme(scheme)).toBe(true);
});

test.each(['', '1a', 'a:', 'a b', 'é', '+a'])('%j is no scheme', (scheme) => {
  expect(isScheme(scheme)).toBe(false);
});

test('an authority has userinfo, host and port', () => {
  expect(parseAuthority('u:p@host:80')).toEqual({ userinfo: 'u:p', host: 'host', port: '80' });
  expect(parseAuthority('[::1]:8080')).toEqual({
    userinfo: undefined,
    host: '[::1]',
    port: '8080',
  });
  expect(parseAuthority('host:')).toEqual({ userinfo: undefined, host: 'host', port: '' });
});

test.each([
  '',
  ':80',
  'a b',
  'a/b',
  'a?b',
  'a#b',
  'a\\b',
  'a@b@c',
  '[::1',
  '::1',
  'a:b',
  '[fe80::1%25eth0]',
  'a%zz',
  'é',
  'a\n',
  'a\r\nb',
])('%j is no authority', (authority) => {
  expect(parseAuthority(authority)).toBeUndefined();
});

test.each(['example.com', 'example.com:1', '127.0.0.1:65535', '[::1]', 'a.b-c_d'])(
  'a request can go to %j',
  (authority) => {
    expect(isHttpAuthority(authority)).toBe(true);
  },
);

test.each([
  'u@example.com',
  '@example.com',
  'example.com:',
  'example.com:0',
  'example.com:65536',
  'example.com:99999999999',
])('no request can go to %j', (authority) => {
  expect(isHttpAuthority(authority)).toBe(false);
});
