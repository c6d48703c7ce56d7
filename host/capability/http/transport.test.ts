import { describe, expect, test } from 'vitest';
import { httpGrant } from '../testing.ts';
import {
  bench,
  failure,
  fields,
  httpServer,
  pairs,
  rawServer,
  readAll,
  ready,
  request,
  scripted,
  TestBody,
  until,
} from './testing.ts';

const local = (port: number) => [httpGrant(`http://127.0.0.1:${port}`)];
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('a request on the wire', () => {
  test.each(['GET', 'get', 'frOb', 'M-SEARCH', "!#$%&'*+-.^_`|~aZ9"])(
    'keeps the method %s as it is',
    async (method) => {
      let seen = '';
      await using server = await rawServer(
        (socket) => void socket.on('data', (data) => ((seen += data), socket.write(OK))),
      );
      using made = bench(local(server.port)).transport;
      const { status, body } = await made
        .forInstance(() => {})
        .send(request(server.port, { method }), new AbortController().signal);
      expect(status).toBe(200);
      expect(await readAll(body)).toBe('ok');
      expect(seen.split('\r\n')[0]).toBe(`${method} / HTTP/1.1`);
    },
  );

  test('keeps duplicate fields, their order and their bytes, and takes Host from the authority', async () => {
    let seen = '';
    await using server = await rawServer(
      (socket) =>
        void socket.on('data', (data) => ((seen += data.toString('latin1')), socket.write(OK))),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const headers = fields(
      ['X-B', '1'],
      ['x-a', 'é\x80\x9f'],
      ['x-b', '2'],
      ['X-b', ''],
      ['cookie', 'a=1'],
      ['cookie', 'b=2'],
      ['user-agent', 'u'],
    );
    const { body } = await send(request(server.port, { pathWithQuery: '/p?q=%20', headers }));
    await readAll(body);
    expect(seen.split('\r\n').slice(0, -2)).toEqual([
      'GET /p?q=%20 HTTP/1.1',
      `Host: 127.0.0.1:${server.port}`,
      'X-B: 1',
      'X-B: 2',
      'X-B: ',
      'x-a: é\x80\x9f',
      // RFC 6265 section 5.4: one Cookie field.
      'cookie: a=1; b=2',
      'user-agent: u',
      'Connection: keep-alive',
    ]);
  });

  test.each([
    ['GET', false],
    ['DELETE', false],
    ['frob', false],
    ['POST', true],
    ['PUT', true],
  ])('%s without a body says Content-Length: 0: %s', async (method, says) => {
    let seen = '';
    await using server = await rawServer(
      (socket) => void socket.on('data', (data) => ((seen += data), socket.write(OK))),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    await readAll((await send(request(server.port, { method }))).body);
    expect(/^content-length: 0\r$/im.test(seen)).toBe(says);
    expect(seen).not.toMatch(/transfer-encoding/i);
  });

  test('carries a body of unknown length in chunks, with trailers after it', async () => {
    let seen = '';
    await using server = await rawServer(
      (socket) =>
        void socket.on('data', (data) => {
          seen += data;
          if (seen.endsWith('\r\n\r\n') && seen.includes('0\r\n')) socket.write(OK);
        }),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody((sink) => {
      sink.write(Buffer.from('hello'));
      sink.finish(fields(['X-Sum', '1'], ['x-sum', '2']));
    });
    await readAll((await send(request(server.port, { method: 'frob', body }))).body);
    expect(seen).toMatch(/^Transfer-Encoding: chunked\r$/m);
    expect(seen.slice(seen.indexOf('\r\n\r\n') + 4)).toBe(
      '5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n',
    );
  });

  test('carries trailers of a body without a byte', async () => {
    let seen = '';
    await using server = await rawServer(
      (socket) =>
        void socket.on(
          'data',
          (data) => ((seen += data), seen.includes('X-T') && socket.write(OK)),
        ),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody((sink) => sink.finish(fields(['X-T', '1'])));
    await readAll((await send(request(server.port, { body }))).body);
    expect(seen.slice(seen.indexOf('\r\n\r\n') + 4)).toBe('0\r\nX-T: 1\r\n\r\n');
  });

  test.each([
    ['GET', false],
    ['PATCH', true],
  ])('%s with a body finished without a byte says Content-Length: 0: %s', async (method, says) => {
    let seen = '';
    await using server = await rawServer(
      (socket) => void socket.on('data', (data) => ((seen += data), socket.write(OK))),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody((sink) => sink.finish(undefined));
    await readAll((await send(request(server.port, { method, body }))).body);
    expect(/^content-length: 0\r$/im.test(seen)).toBe(says);
    expect(seen).not.toMatch(/transfer-encoding/i);
  });

  test('carries a body of declared length as it is', async () => {
    let seen = '';
    await using server = await rawServer(
      (socket) =>
        void socket.on(
          'data',
          (data) => ((seen += data), seen.endsWith('hello') && socket.write(OK)),
        ),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody((sink) => {
      sink.write(Buffer.from('hel'));
      sink.write(Buffer.from('lo'));
      sink.finish(undefined);
    });
    const headers = fields(['content-length', '5']);
    await readAll((await send(request(server.port, { method: 'POST', headers, body }))).body);
    expect(seen).toMatch(/\r\n\r\nhello$/);
    expect(seen).not.toMatch(/chunked/i);
  });

  test('its head goes out before the guest has written any of the body', async () => {
    let head = '';
    await using server = await rawServer(
      (socket) => void socket.on('data', (data) => ((head += data), socket.write(OK))),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { status } = await send(request(server.port, { method: 'POST', body: new TestBody() }));
    expect(status).toBe(200);
    expect(head).toContain('POST / HTTP/1.1');
  });

  test('a path that Node would not send is a typed failure', async () => {
    const { transport, send } = bench(local(1));
    using _ = transport;
    expect(await failure(send(request(1, { pathWithQuery: '/a b' })))).toEqual({
      tag: 'HTTP-request-URI-invalid',
    });
  });
});

describe('a response', () => {
  test('keeps duplicate fields and trailers with their bytes', async () => {
    await using server = await scripted(
      'HTTP/1.1 203 \r\nSet-Cookie: a\r\nset-cookie: b\r\nX: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: 1\r\nx-t: 2\r\n\r\n',
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { status, headers, body } = await send(request(server.port));
    expect(status).toBe(203);
    expect(pairs(headers)).toEqual([
      ['Set-Cookie', 'a'],
      ['set-cookie', 'b'],
      ['X', '\xe9'],
      ['Transfer-Encoding', 'chunked'],
    ]);
    expect(await readAll(body)).toBe('hi');
    expect(pairs(body.trailers())).toEqual([
      ['X-T', '1'],
      ['x-t', '2'],
    ]);
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'],
  ])('to %s of %j has no body', async (method, response) => {
    await using server = await scripted(response);
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { body } = await send(request(server.port, { method }));
    expect(await readAll(body)).toBe('');
    expect(body.trailers()).toBeUndefined();
  });

  test('interim responses are passed over', async () => {
    await using server = await scripted(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`);
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { status, body } = await send(request(server.port));
    expect([status, await readAll(body)]).toEqual([200, 'ok']);
  });

  test('that redirects is handed on and not followed', async () => {
    await using server = await httpServer((_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { status, headers } = await send(request(server.port));
    expect(status).toBe(302);
    expect(pairs(headers)).toContainEqual(['location', 'http://127.0.0.1:1/']);
    expect(server.accepted()).toBe(1);
  });
});

describe('back-pressure', () => {
  const MIB = 1024 * 1024;

  test('a response that the guest does not read stays with the server', async () => {
    let written = 0;
    await using server = await httpServer((_request, response) => {
      const chunk = Buffer.alloc(MIB);
      const push = () => {
        while (written < 256 * MIB) {
          written += chunk.length;
          if (response.write(chunk)) continue;
          response.once('drain', push);
          return;
        }
        response.end();
      };
      push();
    });
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { body } = await send(request(server.port));
    await ready(body);
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // What the kernel's buffers of both sides and Node's hold, and no more.
    expect(written).toBeLessThan(64 * MIB);
    body.close();
    await until(() => server.open.size === 0);
  });

  test('a request that the server does not read stays with the guest', async () => {
    await using server = await rawServer((socket) => void socket.pause());
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody();
    const controller = new AbortController();
    const sent = send(request(server.port, { method: 'POST', body }), controller.signal);
    const rejected = failure(sent);
    const { sink } = body;
    if (sink === undefined) throw new Error('the body was not attached');
    let written = 0;
    const writeAll = async () => {
      for (;;) {
        const permit = sink.permit() ?? 0;
        if (permit === 0) {
          const progress = await Promise.race([
            ready(sink).then(() => true),
            new Promise((resolve) => setTimeout(resolve, 300, false)),
          ]);
          if (progress === false) return;
          continue;
        }
        sink.write(new Uint8Array(permit));
        written += permit;
        expect(written).toBeLessThan(64 * MIB);
      }
    };
    await writeAll();
    expect(written).toBeGreaterThan(0);
    controller.abort();
    expect(await rejected).toEqual({ tag: 'connection-terminated' });
    expect(() => sink.permit()).toThrow('connection-terminated');
    // A socket that is not read does not notice its end.
    for (const socket of server.open) socket.resume();
    await until(() => server.open.size === 0);
  });

  test('a flush is done when the connection has taken everything', async () => {
    await using server = await rawServer((socket) => void socket.resume());
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody();
    const controller = new AbortController();
    const rejected = failure(
      send(request(server.port, { method: 'POST', body }), controller.signal),
    );
    body.sink?.write(Buffer.from('x'));
    body.sink?.flush();
    expect(body.sink?.permit()).toBe(0);
    if (body.sink !== undefined) await ready(body.sink);
    expect(body.sink?.permit()).toBeGreaterThan(0);
    controller.abort();
    await rejected;
  });
});

describe('connections', () => {
  test('are kept for the next request to the same origin, and closed with the version', async () => {
    await using server = await httpServer((_request, response) => response.end('ok'));
    const { transport, send } = bench(local(server.port));
    for (let at = 0; at < 3; at++) {
      await readAll((await send(request(server.port))).body);
      await until(() => transport.connections === 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.accepted()).toBe(1);
    transport[Symbol.dispose]();
    await until(() => server.open.size === 0);
    expect(transport.connections).toBe(0);
  });

  test('are not shared between versions or functions', async () => {
    await using server = await httpServer((_request, response) => response.end('ok'));
    const one = bench(local(server.port));
    const other = bench(local(server.port));
    using _one = one.transport;
    using _other = other.transport;
    await readAll((await one.send(request(server.port))).body);
    await readAll((await other.send(request(server.port))).body);
    expect(server.accepted()).toBe(2);
  });

  test('are freed when the exchange is aborted, in every state', async () => {
    await using silent = await rawServer((socket) => void socket.resume());
    const { transport, send } = bench(local(silent.port));
    using _ = transport;
    const controller = new AbortController();
    const waiting = failure(send(request(silent.port), controller.signal));
    await until(() => silent.open.size === 1);
    controller.abort();
    expect(await waiting).toEqual({ tag: 'connection-terminated' });
    await until(() => silent.open.size === 0 && transport.connections === 0);

    await using slow = await scripted('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
    const second = bench(local(slow.port));
    using __ = second.transport;
    const { body } = await second.send(request(slow.port));
    await ready(body);
    body.close();
    await until(() => slow.open.size === 0 && second.transport.connections === 0);
  });

  test('that the server closed meanwhile do not fail the next request', async () => {
    let served = 0;
    await using server = await rawServer((socket) => {
      let first = true;
      socket.on('data', () => {
        // The second request on a connection finds it gone.
        if (first) {
          served += 1;
          socket.write(OK);
        } else socket.resetAndDestroy();
        first = false;
      });
    });
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    for (let at = 0; at < 3; at++) {
      expect(await readAll((await send(request(server.port))).body)).toBe('ok');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([served, server.accepted()]).toEqual([3, 3]);
  });

  test('are at most 64 to one origin: what waits for one is limited in time, and goes on when one is free', async () => {
    const held: (() => void)[] = [];
    await using server = await httpServer(
      (_request, response) => void held.push(() => response.end('ok')),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const busy = Array.from({ length: 64 }, () => send(request(server.port)));
    await until(() => held.length === 64);
    const timeouts = { connect: 50, firstByte: undefined, betweenBytes: undefined };
    expect(await failure(send(request(server.port, { timeouts })))).toEqual({
      tag: 'connection-limit-reached',
    });
    const waiting = send(request(server.port));
    expect(server.accepted()).toBe(64);
    for (const answer of held.splice(0)) answer();
    for (const each of await Promise.all(busy)) await readAll(each.body);
    await until(() => held.length === 1);
    held[0]?.();
    expect(await readAll((await waiting).body)).toBe('ok');
    await until(() => transport.connections <= 8);
  });

  test('that stand idle do not keep one another from being made', async () => {
    await using server = await httpServer((_request, response) => response.end('ok'));
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const all = await Promise.all(Array.from({ length: 20 }, () => send(request(server.port))));
    for (const each of all) await readAll(each.body);
    await until(() => transport.connections <= 8);
    expect(await readAll((await send(request(server.port))).body)).toBe('ok');
  });

  test('ignore the proxy variables of the environment', async () => {
    await using server = await httpServer((_request, response) => response.end('direct'));
    const before = process.env['HTTP_PROXY'];
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
    process.env['NODE_USE_ENV_PROXY'] = '1';
    try {
      const { transport, send } = bench(local(server.port));
      using _ = transport;
      expect(await readAll((await send(request(server.port))).body)).toBe('direct');
    } finally {
      if (before === undefined) delete process.env['HTTP_PROXY'];
      else process.env['HTTP_PROXY'] = before;
      delete process.env['NODE_USE_ENV_PROXY'];
    }
  });
});
