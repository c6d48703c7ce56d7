import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { begin, responseOf, send, valuesOf, wholeAnswer } from './client.ts';
import { startHost, type TestHost } from './harness.ts';

// Whole processes start in here, and machines are shared.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

let host: TestHost;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  host = started.use(await startHost());
  for (const isolation of ['request', 'instance']) {
    await host.deploy(`hello-${isolation}`, 'hello-p3', { isolation });
    await host.deploy(`echo-${isolation}`, 'echo-p3', { isolation });
  }
  await host.deploy('hasty', 'echo-p3', { isolation: 'instance', limits: { timeout: '2s' } });
});
afterAll(() => started.disposeAsync());

test('a component that exports wasi:http/handler@0.3 is called by its lane', async () => {
  const response = await host.api('GET', '/v1/functions/hello-request');
  expect(await response.json()).toMatchObject({ lane: 'http-0.3', binder: 'jco' });
});

describe.each(['request', 'instance'])('isolation = %s', (isolation) => {
  const hello = () => `${host.edge}/fn/hello-${isolation}/`;
  const echo = (path = '/') => `${host.edge}/fn/echo-${isolation}${path}`;

  test('says hello, again and again', async () => {
    for (let each = 0; each < 3; each++) {
      const { status, text, headers } = await send(hello());
      expect([status, text, headers['content-type']]).toEqual([
        200,
        'Hello from WebAssembly!\n',
        'text/plain',
      ]);
    }
  });

  test('method, path, repeated headers and body go in and come back', async () => {
    const pairs = ['x-a', '1', 'x-b', '2', 'x-a', '3'];
    const { text, headers, rawHeaders } = await send(echo('/some/path?q=1'), {
      method: 'PUT',
      body: 'body',
      headers: pairs,
    });
    expect(text).toBe('body');
    expect(headers).toMatchObject({ 'x-echo-method': 'PUT', 'x-echo-path': '/some/path?q=1' });
    expect(rawHeaders.filter((_, at) => /^x-[ab]$/.test(rawHeaders[at - (at % 2)] ?? ''))).toEqual(
      pairs,
    );
  });

  test('the body of the response comes while that of the request still goes', async () => {
    const sent = begin(echo());
    sent.write('one');
    const response = await responseOf(sent);
    expect(String((await once(response, 'data'))[0])).toBe('one');
    for (const part of ['two', 'three']) {
      sent.write(part);
      expect(String((await once(response, 'data'))[0])).toBe(part);
    }
    sent.end();
    await once(response, 'end');
    expect(valuesOf(response.rawTrailers, 'x-echo-bytes')).toEqual(['11']);
  });

  test('trailers reach the guest, and those of the guest the client', async () => {
    const sent = begin(echo(), { headers: ['trailer', 'x-checksum'] });
    sent.write('body');
    sent.addTrailers([
      ['x-checksum', 'abc'],
      ['x-checksum', 'def'],
    ]);
    sent.end();
    const { rawTrailers } = await wholeAnswer(sent);
    expect(valuesOf(rawTrailers, 'x-checksum')).toEqual(['abc', 'def']);
    expect(valuesOf(rawTrailers, 'x-echo-bytes')).toEqual(['4']);
  });

  test('a large body of every byte is the same afterwards', async () => {
    const body = Uint8Array.from({ length: 1_000_003 }, (_, at) => at * 7);
    const answer = await send(echo(), { method: 'POST', body });
    expect(answer.body.equals(body)).toBe(true);
  });

  test('the guest sleeps on the monotonic clock', async () => {
    expect((await send(echo('/sleep?ms=20'))).text).toBe('slept\n');
  });

  test('an error of the guest is 500 with its code', async () => {
    const { status, json } = await send(echo('/error'));
    expect([status, json()]).toEqual([
      500,
      expect.objectContaining({ code: 'guest-error', errorCode: 'configuration-error' }),
    ]);
  });

  test('a trap before the response is 500, and the next request is served', async () => {
    const { status, json } = await send(echo('/trap'));
    expect([status, json()]).toEqual([500, expect.objectContaining({ code: 'guest-trapped' })]);
    expect((await send(echo(), { method: 'POST', body: 'on' })).text).toBe('on');
  });

  test('a trap after the response was returned breaks it off, and the next request is served', async () => {
    await expect(send(echo('/trap-after-headers'))).rejects.toThrow(/aborted|socket hang up/);
    expect((await send(echo(), { method: 'POST', body: 'on' })).text).toBe('on');
    await host.logged(
      (line) =>
        line['code'] === 'guest-trapped' &&
        line['function'] === `echo-${isolation}` &&
        line['status'] === 200,
      'the line of the trap',
    );
  });

  test('a client that leaves ends its request only', async () => {
    const staying = begin(echo());
    staying.write('a');
    const response = await responseOf(staying);
    const leaving = begin(echo('/forever'), { method: 'GET' });
    leaving.end();
    await once(leaving, 'finish');
    leaving.destroy();
    await host.logged(
      (line) => line['code'] === 'client-gone' && line['function'] === `echo-${isolation}`,
      'the line of the client',
    );
    staying.end('b');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe('ab');
  });
});

test('what takes longer than its time is 504, and the others go on', async () => {
  const [late, quick] = await Promise.all([
    send(`${host.edge}/fn/hasty/forever`),
    send(`${host.edge}/fn/hasty/sleep?ms=100`),
  ]);
  expect([late.status, quick.status, quick.text]).toEqual([504, 200, 'slept\n']);
});

test('of 500 requests at once on one instance, half with a reader that stalls, none waits for another', async () => {
  await host.deploy('crowd', 'echo-p3', {
    isolation: 'instance',
    limits: { concurrency: 500, timeout: '200s' },
  });
  const url = `${host.edge}/fn/crowd`;
  const stalled = await Promise.all(
    Array.from({ length: 250 }, async () => {
      const sent = begin(`${url}/`);
      sent.write('stalled');
      const response = await responseOf(sent);
      response.on('error', () => {});
      return { sent, response };
    }),
  );
  const served = await Promise.all(
    Array.from({ length: 250 }, (_, at) => send(`${url}/`, { method: 'POST', body: `body ${at}` })),
  );
  expect(served.map(({ text }) => text)).toEqual(
    Array.from({ length: 250 }, (_, at) => `body ${at}`),
  );
  // They are all still there, and each gets its whole answer as soon as it goes on.
  const resumed = await Promise.all(
    stalled.map(async ({ sent, response }, at) => {
      sent.end(` ${at}`);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    }),
  );
  expect(resumed).toEqual(Array.from({ length: 250 }, (_, at) => `stalled ${at}`));
});

test('a reader that stalls holds back its guest, and no other', async () => {
  const sent = begin(`${host.edge}/fn/echo-instance/flood?bytes=30000000`, { method: 'GET' });
  sent.end();
  const response = await responseOf(sent);
  response.pause();
  const { text } = await send(`${host.edge}/fn/echo-instance/`, { method: 'POST', body: 'quick' });
  expect([text, response.complete]).toEqual(['quick', false]);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  expect(bytes).toBe(30_000_000);
});

test('nothing but log lines was written to the log', () => {
  expect(host.noise).toEqual([]);
});
