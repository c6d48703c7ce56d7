import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkHead, splitTarget } from './request-head.ts';

interface Head {
  readonly method?: string;
  readonly url?: string;
  readonly httpVersion?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

/** What Node's parser makes of a head, as far as it is looked at. */
function head({
  method = 'GET',
  url = '/',
  httpVersion = '1.1',
  headers = [['Host', 'x']],
}: Head): IncomingMessage {
  const byName = Object.fromEntries(
    headers.toReversed().map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    method,
    url,
    httpVersion,
    headers: byName,
    rawHeaders: headers.flat(),
  } as unknown as IncomingMessage;
}

describe('checkHead', () => {
  it.each([
    'x',
    'X.example',
    'x:80',
    'x:',
    'localhost.',
    '127.0.0.1:8080',
    '[::1]',
    '[::1]:443',
    'a_b.example',
    'xn--bcher-kva.example',
  ])('takes the Host %s', (host) => {
    expect(() => checkHead(head({ headers: [['HOST', host]] }))).not.toThrow();
  });

  it.each([
    '',
    'a b',
    'a@b',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    'x:99999',
    'x:y',
    '::1',
    '[::1',
    '[::0001]',
    '127.1',
    '0x7f.0.0.1',
    '%61',
    'bücher',
  ])('refuses the Host "%s"', (host) => {
    expect(() => checkHead(head({ headers: [['host', host]] }))).toThrow(
      expect.objectContaining({ code: 'bad-request', status: 400 }),
    );
  });

  it('wants one Host, and none of HTTP/1.0', () => {
    expect(() => checkHead(head({ headers: [] }))).toThrow(/exactly one Host, this one has 0/);
    expect(() =>
      checkHead(
        head({
          headers: [
            ['host', 'x'],
            ['Host', 'x'],
          ],
        }),
      ),
    ).toThrow(/this one has 2/);
    expect(() => checkHead(head({ headers: [], httpVersion: '1.0' }))).not.toThrow();
  });

  it.each([
    ['chunked', '1.1', undefined],
    ['Chunked', '1.1', undefined],
    ['gzip, chunked', '1.1', 501],
    ['xchunked', '1.1', 501],
    ['chunked', '1.0', 400],
  ])('answers transfer-encoding %s in HTTP/%s with %s', (coding, httpVersion, status) => {
    const check = () =>
      checkHead(
        head({
          httpVersion,
          headers: [
            ['host', 'x'],
            ['transfer-encoding', coding],
          ],
        }),
      );
    if (status === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ status }));
  });

  it.each(['/', '//x/../y;z?a=b\\c', 'http://other.example', 'HTTPS://other.example:1/a?b'])(
    'takes the target %s',
    (url) => {
      expect(() => checkHead(head({ url }))).not.toThrow();
    },
  );

  it.each([
    '',
    '*',
    'a',
    '/a#b',
    '/a\\b',
    'ftp://x/',
    'http:/a',
    'http:///a',
    'http://a@b/',
    'javascript:alert(1)',
  ])('refuses the target "%s"', (url) => {
    expect(() => checkHead(head({ url }))).toThrow(
      expect.objectContaining({ code: 'bad-request', status: 400 }),
    );
  });

  it('takes the asterisk of OPTIONS', () => {
    expect(() => checkHead(head({ method: 'OPTIONS', url: '*' }))).not.toThrow();
  });

  it('refuses a target beyond 32 KiB', () => {
    expect(() => checkHead(head({ url: `/${'a'.repeat(32 * 1024 - 1)}` }))).not.toThrow();
    expect(() => checkHead(head({ url: `/${'a'.repeat(32 * 1024)}` }))).toThrow(
      expect.objectContaining({ code: 'uri-too-long', status: 414 }),
    );
  });

  it('meets no expectation but 100-continue', () => {
    expect(() =>
      checkHead(
        head({
          headers: [
            ['host', 'x'],
            ['expect', '100-Continue'],
          ],
        }),
      ),
    ).not.toThrow();
    expect(() =>
      checkHead(
        head({
          headers: [
            ['host', 'x'],
            ['expect', 'tea'],
          ],
        }),
      ),
    ).toThrow(expect.objectContaining({ status: 417 }));
  });
});

describe('splitTarget', () => {
  it.each([
    ['/a/b?c?d', undefined, '/a/b', '?c?d'],
    ['//a/%2e%2e/b', undefined, '//a/%2e%2e/b', ''],
    ['http://x:1/a?b', 'x:1', '/a', '?b'],
    ['HTTP://x', 'x', '/', ''],
    ['http://x?b', 'x', '/', '?b'],
    ['/http://x/a', undefined, '/http://x/a', ''],
  ])('leaves %s as it is on the wire', (target, authority, path, query) => {
    expect(splitTarget(target)).toEqual({ authority, path, query });
  });
});
