import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { networkOf } from './attempts.ts';
import { startAdmin, TOKEN, WASM, type TestAdmin } from './test-support.ts';

let admin: TestAdmin;
beforeEach(async () => {
  admin = await startAdmin({
    allowedHosts: ['gateway.local', 'edge.example:9443'],
    host: '0.0.0.0',
  });
});
afterEach(() => admin[Symbol.asyncDispose]());

/** With headers that `fetch` does not let through, from an address of this machine. */
function get(
  path: string,
  headers: Record<string, string>,
  localAddress = '127.0.0.1',
): Promise<{ status: number; code: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: admin.port, path, headers, localAddress, agent: false },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve({
          status: response.statusCode ?? 0,
          code: (JSON.parse(text) as { code: string }).code,
          headers: response.headers,
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

const right = { authorization: `Bearer ${TOKEN}` };
const wrong = { authorization: 'Bearer not-the-token-0123456789' };

describe('G1: tokens that are none', () => {
  const cases: [string, Record<string, string>, string][] = [
    ['none', {}, ''],
    ['a wrong one', wrong, ''],
    ['an empty one', { authorization: 'Bearer ' }, ''],
    ['an empty header', { authorization: '' }, ''],
    ['one in the query', {}, `?token=${TOKEN}&access_token=${TOKEN}`],
    ['another scheme', { authorization: `Basic ${TOKEN}` }, ''],
    ['no scheme', { authorization: TOKEN }, ''],
    ['the right one and more', { authorization: `Bearer ${TOKEN} x` }, ''],
    ['a prefix of it', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, ''],
    ['one of 1 MB', { authorization: `Bearer ${'a'.repeat(1_000_000)}` }, ''],
  ];
  it.each(cases)('answers the same to %s', async (_what, headers, query) => {
    const reference = await admin.call('GET', '/v1/functions', { token: '' });
    const reply = await admin.call('GET', `/v1/functions${query}`, { token: '', headers });
    expect(reply.status).toBe(401);
    expect(reply.text).toBe(reference.text);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
  });

  it('takes the right one, with the scheme in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect(
        (
          await admin.call('GET', '/v1/functions', {
            token: '',
            headers: { authorization: `${scheme} ${TOKEN}` },
          })
        ).status,
      ).toBe(200);
    }
  });

  it('does not tell which paths there are', async () => {
    expect((await admin.call('GET', '/v1/nothing', { token: '' })).status).toBe(401);
  });

  it('reads nothing of an upload without a token', async () => {
    const reply = await admin.call('PUT', '/v1/functions/x', {
      token: '',
      body: WASM,
      headers: { 'content-type': 'application/wasm' },
    });
    expect(reply.status).toBe(401);
    expect(admin.artifacts.begun).toBe(0);
  });
});

describe('G2: brute force', () => {
  const host = () => ({ host: `127.0.0.1:${admin.port}` });
  const guess = (address: string) => get('/v1/functions', { ...host(), ...wrong }, address);
  const own = (address: string) => get('/v1/functions', { ...host(), ...right }, address);

  it('makes the address wait longer each time, and lets others in', async () => {
    for (let i = 0; i < 11; i++) expect((await guess('127.0.0.2')).status).toBe(401);
    const blocked = await guess('127.0.0.2');
    expect([blocked.status, blocked.code, blocked.headers['retry-after']]).toEqual([
      429,
      'too-many-attempts',
      '1',
    ]);
    // A guess that was right would be one more guess.
    expect((await own('127.0.0.2')).status).toBe(429);
    expect((await own('127.0.0.3')).status).toBe(200);

    admin.clock.advance(1000);
    expect((await guess('127.0.0.2')).status).toBe(401);
    expect((await guess('127.0.0.2')).headers['retry-after']).toBe('2');
    admin.clock.advance(2000);
    expect((await own('127.0.0.2')).status).toBe(200);
  });

  it('never waits longer than a minute, and forgets after a quarter of an hour', async () => {
    for (let i = 0; i < 30; i++) {
      await guess('127.0.0.2');
      admin.clock.advance(60_000);
    }
    await guess('127.0.0.2');
    expect((await guess('127.0.0.2')).headers['retry-after']).toBe('60');
    admin.clock.advance(15 * 60_000 + 1);
    for (let i = 0; i < 10; i++) expect((await guess('127.0.0.2')).status).toBe(401);
  });

  it('does not lock the owner out who shares the address with whoever guesses', async () => {
    expect((await own('127.0.0.2')).status).toBe(200);
    for (let i = 0; i < 20; i++) await guess('127.0.0.2');
    expect((await guess('127.0.0.2')).status).toBe(429);
    expect((await own('127.0.0.2')).status).toBe(200);
  });

  it.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:5:6:7:8', '2001:db8:0:0::/64'],
    ['2001:0db8::1:2:3:4', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('counts %s as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('G3: other sites', () => {
  it.each([
    'evil.example',
    'evil.example:PORT',
    'localhost',
    'localhost:1',
    '127.0.0.1.evil.example:PORT',
    '10.9.8.7:PORT',
    'edge.example:9444',
    'edge.example',
  ])('refuses the host %s', async (host) => {
    const reply = await get('/v1/functions', {
      ...right,
      host: host.replace('PORT', String(admin.port)),
    });
    expect([reply.status, reply.code]).toEqual([403, 'host-refused']);
  });

  it.each([
    'localhost:PORT',
    '127.0.0.1:PORT',
    '127.9.9.9:PORT',
    'LOCALHOST:PORT',
    '[::1]:PORT',
    'gateway.local',
    'gateway.local:80',
    'Gateway.Local:9999',
    'edge.example:9443',
  ])('answers to %s', async (host) => {
    expect(
      (await get('/v1/functions', { ...right, host: host.replace('PORT', String(admin.port)) }))
        .status,
    ).toBe(200);
  });

  it('refuses two hosts', async () => {
    const text = await admin.raw(
      `GET /healthz HTTP/1.1\r\nhost: localhost:${admin.port}\r\nhost: evil.example\r\nconnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 40[03] /);
  });

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('refuses what a page sends: %o', async (headers: Record<string, string>) => {
    const reply = await get('/healthz', { host: `127.0.0.1:${admin.port}`, ...headers });
    expect([reply.status, reply.code]).toEqual([403, 'origin-refused']);
  });

  it('takes its own origin', async () => {
    const host = `127.0.0.1:${admin.port}`;
    expect(
      (await get('/healthz', { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }))
        .status,
    ).toBe(200);
  });

  it.each(['/healthz', '/v1/functions', '/nowhere'])(
    'sends no CORS headers and lets nothing be framed: %s',
    async (path) => {
      const { headers } = await admin.call('OPTIONS', path, {
        headers: { 'access-control-request-method': 'PUT' },
      });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    },
  );
});

describe('G4: markup in what is sent', () => {
  it('comes back as JSON that no browser reads as a page', async () => {
    const reply = await admin.call('GET', '/v1/functions/%3Cscript%3Ealert(1)%3C%2Fscript%3E');
    expect([reply.status, reply.headers['content-type']]).toEqual([
      400,
      'application/problem+json',
    ]);
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('G5: paths written another way', () => {
  it.each([
    '//v1/functions',
    '/v1//functions',
    '/%2e%2e/v1/functions',
    '/x/../v1/functions',
    '/./v1/functions',
    '/v1/functions/',
    '/v1/functions;x',
    '/v1;x/functions',
    '/V1/functions',
    '/v1/Functions',
    '/v1/%66unctions',
    '/%76%31/functions',
    '/v1\\functions',
    '/v1/functions/f/%76ersions',
    '/v1/functions/f/..%2f..',
    '/HEALTHZ',
    '/v1/openapi.json/',
    '/v1/openapiXjson',
  ])('%s is not routed', async (path) => {
    const text = await admin.raw(
      `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${admin.port}\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(text).not.toContain('"functions"');
  });

  it('takes no absolute target', async () => {
    const host = `127.0.0.1:${admin.port}`;
    const text = await admin.raw(
      `GET http://${host}/v1/functions HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 404 /);
  });
});
