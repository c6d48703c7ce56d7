import { describe, expect, test } from 'vitest';
import { httpGrant } from '../testing.ts';
import { HttpFailure } from '../../wasi/http/index.ts';
import {
  bench,
  failure,
  fields,
  rawServer,
  readAll,
  ready,
  request,
  scripted,
  TestBody,
  until,
} from './testing.ts';

const local = (port: number) => [httpGrant(`http://127.0.0.1:${port}`)];
const quick = { connect: 2000, firstByte: 100, betweenBytes: 100 };

describe('a server that', () => {
  test('never answers is given up after the first-byte timeout', async () => {
    await using server = await rawServer((socket) => void socket.resume());
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    expect(await failure(send(request(server.port, { timeouts: quick })))).toEqual({
      tag: 'connection-read-timeout',
    });
    await until(() => server.open.size === 0 && transport.connections === 0);
  });

  test('is held to the limit of the function where the guest sets none', async () => {
    await using server = await rawServer((socket) => void socket.resume());
    const { transport, send } = bench(local(server.port), { limits: { timeout: 100 } });
    using _ = transport;
    expect(await failure(send(request(server.port)))).toEqual({ tag: 'connection-read-timeout' });
  });

  test('drips its head is given up all the same', async () => {
    await using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX: ');
      const timer = setInterval(() => socket.write('a'), 10);
      socket.resume().once('close', () => clearInterval(timer));
    });
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    expect(await failure(send(request(server.port, { timeouts: quick })))).toEqual({
      tag: 'connection-read-timeout',
    });
    await until(() => server.open.size === 0);
  });

  test('falls silent within the body is given up after the between-bytes timeout', async () => {
    await using server = await scripted('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { body } = await send(request(server.port, { timeouts: quick }));
    expect(await failure(readAll(body))).toEqual({ tag: 'connection-read-timeout' });
    await until(() => server.open.size === 0 && transport.connections === 0);
  });

  test('falls silent cannot be kept alive by a guest that polls in short steps', async () => {
    await using server = await scripted('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { body } = await send(request(server.port, { timeouts: quick }));
    let polls = 0;
    while (!body.isReady()) {
      const stop = body.subscribe(() => {});
      await new Promise((resolve) => setTimeout(resolve, 5));
      stop();
      expect(polls++).toBeLessThan(400);
    }
    expect(await failure(readAll(body))).toEqual({ tag: 'connection-read-timeout' });
  });

  test('sends a byte at a time is read as long as it sends', async () => {
    await using server = await scripted(
      'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n',
      (socket) => {
        let left = 12;
        const timer = setInterval(() => {
          socket.write('x');
          if (--left === 0) clearInterval(timer);
        }, 60);
        socket.once('close', () => clearInterval(timer));
      },
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { body } = await send(
      request(server.port, { timeouts: { ...quick, firstByte: 3000, betweenBytes: 500 } }),
    );
    expect(await readAll(body)).toBe('x'.repeat(12));
  });

  test('takes nothing of the request is given up while it is being written', async () => {
    await using server = await rawServer((socket) => void socket.pause());
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody();
    const sent = failure(send(request(server.port, { method: 'POST', body, timeouts: quick })));
    const fill = async () => {
      for (;;) {
        const permit = body.sink?.permit() ?? 0;
        if (permit > 0) body.sink?.write(new Uint8Array(permit));
        else if (body.sink !== undefined) await ready(body.sink);
      }
    };
    expect(await failure(fill())).toEqual({ tag: 'connection-write-timeout' });
    expect(await sent).toEqual({ tag: 'connection-write-timeout' });
    for (const socket of server.open) socket.resume();
    await until(() => server.open.size === 0);
  });

  test.each([
    ['closes without a word', '', 'connection-terminated'],
    ['speaks another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'HTTP-protocol-error'],
    ['closes within its head', 'HTTP/1.1 200 OK\r\nX: ', 'connection-terminated'],
    [
      'says two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na',
      'HTTP-protocol-error',
    ],
    [
      'says a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
      'HTTP-response-transfer-coding',
    ],
    [
      'says a length that is none',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
      'HTTP-protocol-error',
    ],
    ['has a NUL in a field', 'HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n', 'HTTP-protocol-error'],
    [
      'switches protocols unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      'HTTP-upgrade-failed',
    ],
  ])('%s yields a typed error', async (_name, response, tag) => {
    await using server = await scripted(response, (socket) => socket.end());
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    expect(
      await failure(send(request(server.port, { timeouts: { ...quick, firstByte: 3000 } }))),
    ).toMatchObject({ tag });
    await until(() => server.open.size === 0 && transport.connections === 0);
  });

  test('resets the connection before answering yields a typed error', async () => {
    await using server = await rawServer(
      (socket) => void socket.once('data', () => socket.resetAndDestroy()),
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    expect(await failure(send(request(server.port)))).toEqual({ tag: 'connection-terminated' });
    await until(() => transport.connections === 0);
  });

  test.each([
    [
      'closes before the declared length',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      'HTTP-response-incomplete',
    ],
    [
      'leaves out the last chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
      'HTTP-response-incomplete',
    ],
    [
      'breaks off within a chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc',
      'HTTP-response-incomplete',
    ],
    [
      'breaks off within its trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: ',
      'HTTP-response-incomplete',
    ],
    [
      'says a chunk size that is none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n',
      'HTTP-protocol-error',
    ],
  ])('%s yields a typed error in the body, not a clean end', async (_name, response, tag) => {
    await using server = await scripted(response, (socket) => setTimeout(() => socket.end(), 20));
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const sent = send(request(server.port));
    expect(await failure(sent.then(({ body }) => readAll(body)))).toEqual({ tag });
    await until(() => server.open.size === 0 && transport.connections === 0);
  });

  test('sends more than the declared length is cut at it, and its connection not used again', async () => {
    await using server = await scripted(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged',
    );
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    expect(await readAll((await send(request(server.port))).body)).toBe('ok');
    await until(() => server.open.size === 0 && transport.connections === 0);
  });

  test('never ends its head is cut at the limit', async () => {
    await using server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(
        () => socket.write(`X-${'a'.repeat(100)}: ${'b'.repeat(900)}\r\n`.repeat(16)),
        1,
      );
      socket.resume().once('close', () => clearInterval(timer));
    });
    const { transport, send } = bench(local(server.port), { limits: { headers: 32 * 1024 } });
    using _ = transport;
    expect(await failure(send(request(server.port)))).toEqual({
      tag: 'HTTP-response-header-section-size',
      val: 32 * 1024,
    });
    await until(() => server.open.size === 0 && transport.connections === 0);
  });

  test('sends too many fields is refused, not shortened', async () => {
    await using server = await scripted(
      `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(101)}Content-Length: 0\r\n\r\n`,
    );
    const { transport, send } = bench(local(server.port), { limits: { headerCount: 100 } });
    using _ = transport;
    expect(await failure(send(request(server.port)))).toMatchObject({
      tag: 'HTTP-response-header-section-size',
    });
    await until(() => server.open.size === 0);
  });

  test('never ends its trailers is cut at the limit', async () => {
    await using server = await scripted(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n',
      (socket) => {
        const timer = setInterval(() => socket.write(`X: ${'b'.repeat(900)}\r\n`.repeat(16)), 1);
        socket.once('close', () => clearInterval(timer));
      },
    );
    const { transport, send } = bench(local(server.port), { limits: { headers: 32 * 1024 } });
    using _ = transport;
    const sent = send(request(server.port));
    expect(await failure(sent.then(({ body }) => readAll(body)))).toEqual({
      tag: 'HTTP-response-trailer-section-size',
      val: 32 * 1024,
    });
    await until(() => server.open.size === 0);
  });

  test('sends endless interim responses is given up after the first-byte timeout', async () => {
    await using server = await rawServer((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5);
      socket.resume().once('close', () => clearInterval(timer));
    });
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    expect(await failure(send(request(server.port, { timeouts: quick })))).toEqual({
      tag: 'connection-read-timeout',
    });
    await until(() => server.open.size === 0);
  });

  test('never ends its body is read only as far as the guest reads', async () => {
    await using server = await scripted('HTTP/1.1 200 OK\r\n\r\n', (socket) => {
      const push = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', push);
      push();
    });
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const { body } = await send(request(server.port));
    let read = 0;
    while (read < 1_000_000) {
      const bytes = body.read(65_536);
      read += bytes?.length ?? 0;
      if (bytes?.length === 0) await ready(body);
    }
    expect(read).toBeLessThan(1_000_000 + 65_536);
    body.close();
    await until(() => server.open.size === 0 && transport.connections === 0);
  });

  test('answers and closes without reading the request is still heard', async () => {
    await using server = await rawServer((socket) => {
      socket.once('data', () =>
        socket.end(
          'HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig',
        ),
      );
    });
    const { transport, send } = bench(local(server.port));
    using _ = transport;
    const body = new TestBody((sink) => sink.write(new Uint8Array(1000)));
    const { status, body: source } = await send(request(server.port, { method: 'POST', body }));
    expect([status, await readAll(source)]).toEqual([413, 'big']);
    source.close();
    body.sink?.abort(new HttpFailure({ tag: 'HTTP-response-incomplete' }));
    await until(() => server.open.size === 0 && transport.connections === 0);
  });
});

test('a guest that drops its body half-way ends the exchange, and the server can tell', async () => {
  let received = '';
  await using server = await rawServer(
    (socket) => void socket.on('data', (data) => (received += data)),
  );
  const { transport, send } = bench(local(server.port));
  using _ = transport;
  const body = new TestBody((sink) => sink.write(Buffer.from('half')));
  const rejected = failure(send(request(server.port, { method: 'POST', body })));
  await until(() => received.endsWith('half\r\n'));
  body.sink?.abort(new HttpFailure({ tag: 'HTTP-response-incomplete' }));
  expect(await rejected).toEqual({ tag: 'HTTP-response-incomplete' });
  await until(() => server.open.size === 0);
  expect(received).not.toContain('0\r\n\r\n');
});

test('trailers announced for a body of fixed length are a typed failure', async () => {
  await using server = await rawServer((socket) => void socket.resume());
  const { transport, send } = bench(local(server.port));
  using _ = transport;
  const body = new TestBody((sink) => sink.finish(fields(['x', 'y'])));
  const headers = fields(['trailer', 'x'], ['content-length', '0']);
  expect(await failure(send(request(server.port, { method: 'POST', headers, body })))).toEqual({
    tag: 'HTTP-protocol-error',
  });
  await until(() => transport.connections === 0);
});
