import { expect, test } from 'vitest';
import { parseTarget } from './target.ts';

test.each([
  ['https', 'api.example.com', 'https://api.example.com', 443],
  ['https', 'API.Example.com:443', 'https://api.example.com', 443],
  ['http', 'api.example.com:', 'http://api.example.com', 80],
  ['http', 'api.example.com:8080', 'http://api.example.com:8080', 8080],
  ['http', '[::1]:9000', 'http://[::1]:9000', 9000],
  ['http', '[0:0:0:0:0:0:0:1]', 'http://[::1]', 80],
  ['http', '2130706433', 'http://127.0.0.1', 80],
  ['http', '0177.0.0.1', 'http://127.0.0.1', 80],
  ['http', '0x7f.1', 'http://127.0.0.1', 80],
  ['http', '127.1:81', 'http://127.0.0.1:81', 81],
])('%s with authority %s goes to %s', (scheme, authority, origin, port) => {
  const target = parseTarget(scheme, authority);
  expect(target).toMatchObject({ origin, port });
  expect(`${scheme}://${target?.authority}`).toBe(origin);
});

test.each([
  ['ftp', 'example.com'],
  ['http', ''],
  ['http', 'user@example.com'],
  ['http', 'allowed.com@evil.example'],
  ['http', 'example.com.'],
  ['http', 'localhost.'],
  ['http', 'example.com:0'],
  ['http', 'example.com:65536'],
  ['http', 'example.com:8080x'],
  ['http', 'example.com:80:80'],
  ['http', 'example.com/x'],
  ['http', 'exam ple.com'],
  ['http', 'example.com\\evil'],
  ['http', '[fe80::1%25eth0]'],
  ['http', '::1'],
])('%s with authority %j is no target', (scheme, authority) => {
  expect(parseTarget(scheme, authority)).toBeUndefined();
});
