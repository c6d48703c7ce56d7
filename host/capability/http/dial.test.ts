import net from 'node:net';
import tls from 'node:tls';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { httpGrant } from '../testing.ts';
import type { Connect } from './dial.ts';
import { bench, failure, httpServer, rawServer, readAll, request, until } from './testing.ts';

/** Self-signed for secure.test and 127.0.0.1, of no use anywhere else. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEuhtIACtLICsVwCz
0mX8s0u0Lp96SbEj5sFYCgeifPahRANCAASRTze1dK0FcaBThaLXra2jTwVQDMCY
XokslgHuSYVTVU+4kyB8OmVufV4uS3l5Yeo4ATbzQQOzZPb7vnFp3rnw
-----END PRIVATE KEY-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBoDCCAUegAwIBAgIUbj285mBLzW5Kg2hpJRlDyeQBtkgwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLc2VjdXJlLnRlc3QwIBcNMjYxMTI0MDI1MzA3WhgPMjEyNjEw
MzEwMjUzMDdaMBYxFDASBgNVBAMMC3NlY3VyZS50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEkU83tXStBXGgU4Wi162to08FUAzAmF6JLJYB7kmFU1VPuJMg
fDplbn1eLkt5eWHqOAE280EDs2T2+75xad658KNxMG8wHQYDVR0OBBYEFG/RBCRP
iHue90kNHakvwmXvquVoMB8GA1UdIwQYMBaAFG/RBCRPiHue90kNHakvwmXvquVo
MBwGA1UdEQQVMBOCC3NlY3VyZS50ZXN0hwR/AAABMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDRwAwRAIgCK8NIH+EmL/nmkOb2ZxWG7guneSaGTEaUWVKYzJd
1yECICRKa2tSMRyu7RCbN298D9xu0muO0jSemmmrBCyPdO4u
-----END CERTIFICATE-----
`;

/** Notes what is dialled, and sends it all to one port of the loopback. */
function recorder(port: number): { dialled: string[]; connect: Connect } {
  const dialled: string[] = [];
  return {
    dialled,
    connect: (to) => {
      dialled.push(`${to.host} ${to.port}`);
      return net.connect({ host: '127.0.0.1', port });
    },
  };
}

/** Answers look-ups in turn, and says how often it was asked. */
function names(...answers: string[][]): {
  asked: string[];
  lookup: (name: string) => Promise<readonly string[]>;
} {
  const asked: string[] = [];
  return {
    asked,
    lookup: async (name) => {
      asked.push(name);
      return answers[Math.min(asked.length, answers.length) - 1] ?? [];
    },
  };
}

const nothing: Connect = (to) => {
  throw new Error(`dialled ${to.host} port ${to.port}`);
};
const DENIED = { tag: 'HTTP-request-denied' };

describe('E1, E2, E3: no spelling of a non-public address is dialled under a wildcard', () => {
  test.each([
    '127.0.0.1',
    '[::1]',
    '0.0.0.0',
    '[::]',
    'localhost.',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '100.64.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '[fe80::1]',
    '[fc00::1]',
    '2130706433',
    '0177.0.0.1',
    '0x7f000001',
    '0x7f.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  ])('%s', async (host) => {
    const { transport, send, denials } = bench([httpGrant('*')], { connect: nothing });
    using _ = transport;
    expect(await failure(send(request(80, { authority: `${host}:8080` })))).toEqual(DENIED);
    expect(denials).toHaveLength(1);
  });

  test.each([
    ['127.0.0.1'],
    ['::1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::ffff:127.0.0.1'],
    ['64:ff9b::7f00:1'],
    ['fd00:ec2::254'],
  ])('a name that resolves to %s', async (address) => {
    const { transport, send, denials } = bench([httpGrant('*')], {
      connect: nothing,
      environment: { lookup: async () => [address] },
    });
    using _ = transport;
    expect(await failure(send(request(80, { authority: 'rebound.example' })))).toEqual(DENIED);
    expect(denials).toHaveLength(1);
    expect(denials[0]?.fix).toContain('addresses = [');
  });

  test('localhost, under a wildcard', async () => {
    const { transport, send, denials } = bench([httpGrant('*')], {
      connect: nothing,
      environment: { lookup: async () => ['127.0.0.1', '::1'] },
    });
    using _ = transport;
    expect(await failure(send(request(80, { authority: 'localhost:9000' })))).toEqual(DENIED);
    expect(denials[0]?.fix).toContain('--allow-http http://localhost:9000');
  });

  test("the host's own addresses, even where they are granted literally", async () => {
    const own = [
      { address: '127.0.0.1', port: 8081 },
      { address: '0.0.0.0', port: 8080 },
    ];
    const grants = [
      'http://127.0.0.1:8081',
      'http://127.0.0.1:8080',
      'http://0.0.0.0:8081',
      'http://localhost:8081',
      'http://10.7.7.7:8080',
    ];
    const { transport, send, denials } = bench(
      grants.map((each) => httpGrant(each)),
      {
        connect: nothing,
        machineAddresses: () => ['10.7.7.7'],
        environment: { ownAddresses: () => own, lookup: async () => ['127.0.0.1'] },
      },
    );
    using _ = transport;
    for (const authority of grants.map((each) => each.slice('http://'.length))) {
      expect(await failure(send(request(80, { authority })))).toEqual(DENIED);
    }
    expect(denials.every((each) => each.what.includes("this host's own address"))).toBe(true);
    expect(denials).toHaveLength(grants.length);
  });

  test('what the guest is told says nothing of the reason', async () => {
    const { transport, send } = bench([httpGrant('*')], {
      connect: nothing,
      environment: { lookup: async () => ['10.1.2.3'] },
    });
    using _ = transport;
    await expect(send(request(80, { authority: 'inner.example' }))).rejects.toThrow(
      /^HTTP-request-denied$/,
    );
  });
});

describe('E4: the address that was checked is the address that is dialled', () => {
  test('a name is looked up once per connection', async () => {
    await using server = await httpServer((_request, response) => response.end('ok'));
    const { dialled, connect } = recorder(server.port);
    const { asked, lookup } = names(['93.184.216.34'], ['127.0.0.1']);
    const { transport, send, denials } = bench([httpGrant('*')], {
      connect,
      environment: { lookup },
    });
    using _ = transport;
    await readAll((await send(request(80, { authority: 'rebinding.example' }))).body);
    expect([asked, dialled]).toEqual([['rebinding.example'], ['93.184.216.34 80']]);
    // A second connection asks anew, and the changed answer is judged anew.
    const controller = new AbortController();
    const held = send(request(80, { authority: 'rebinding.example:8080' }), controller.signal);
    expect(await failure(held)).toEqual(DENIED);
    expect([asked.length, dialled.length, denials.length]).toEqual([2, 1, 1]);
  });

  test("of a mixed answer only what is allowed is dialled, in the families' turn", async () => {
    const dialled: string[] = [];
    const connect: Connect = (to) => {
      dialled.push(to.host);
      return net.connect({ host: '127.0.0.1', port: 1 });
    };
    const lookup = async () => [
      '127.0.0.1',
      '93.184.216.34',
      '93.184.216.35',
      '2606:2800::1',
      '::1',
    ];
    const { transport, send } = bench([httpGrant('*')], { connect, environment: { lookup } });
    using _ = transport;
    expect(await failure(send(request(80, { authority: 'mixed.example' })))).toEqual({
      tag: 'connection-refused',
    });
    expect(dialled).toEqual(['93.184.216.34', '2606:2800::1', '93.184.216.35']);
  });

  test('a mapped address is dialled as the IPv4 address that was judged', async () => {
    await using server = await httpServer((_request, response) => response.end('ok'));
    const { dialled, connect } = recorder(server.port);
    const { transport, send } = bench([httpGrant('*')], {
      connect,
      environment: { lookup: async () => ['::ffff:93.184.216.34'] },
    });
    using _ = transport;
    await readAll((await send(request(80, { authority: 'mapped.example' }))).body);
    expect(dialled).toEqual(['93.184.216.34 80']);
  });

  test("an address that leads nowhere costs no more than the next one's head start", async () => {
    await using server = await httpServer((_request, response) => response.end('ok'));
    const sockets: net.Socket[] = [];
    const connect: Connect = (to) => {
      const socket =
        to.host === '93.184.216.34'
          ? new net.Socket()
          : net.connect({ host: '127.0.0.1', port: server.port });
      sockets.push(socket);
      return socket;
    };
    const { transport, send } = bench([httpGrant('*')], {
      connect,
      environment: { lookup: async () => ['93.184.216.34', '93.184.216.35'] },
    });
    using _ = transport;
    expect(await readAll((await send(request(80, { authority: 'half.example' }))).body)).toBe('ok');
    expect(sockets.map((socket) => socket.destroyed)).toEqual([true, false]);
  });
});

test('E6: an origin that is not granted is refused before its name is looked up', async () => {
  const { asked, lookup } = names(['93.184.216.34']);
  const { transport, send, denials } = bench([httpGrant('http://allowed.com')], {
    connect: nothing,
    environment: { lookup },
  });
  using _ = transport;
  for (const authority of [
    'allowed.com.evil.example',
    'allowed.com@evil.example',
    'allowed.com.',
    'allowed.com:81',
    'xallowed.com',
  ]) {
    expect(await failure(send(request(80, { authority })))).toEqual(DENIED);
  }
  expect(asked).toEqual([]);
  expect(denials).toHaveLength(5);
});

describe('time limits of connecting', () => {
  const timeouts = { connect: 60, firstByte: undefined, betweenBytes: undefined };
  const never = () => new Promise<readonly string[]>(() => {});

  test('cover the look-up', async () => {
    const { transport, send } = bench([httpGrant('*')], {
      connect: nothing,
      environment: { lookup: never },
    });
    using _ = transport;
    expect(await failure(send(request(80, { authority: 'slow.example', timeouts })))).toEqual({
      tag: 'DNS-timeout',
    });
  });

  test('cover the connection', async () => {
    const sockets: net.Socket[] = [];
    const connect: Connect = () => {
      const socket = new net.Socket();
      sockets.push(socket);
      return socket;
    };
    const { transport, send } = bench([httpGrant('http://127.0.0.1:9')], { connect });
    using _ = transport;
    expect(await failure(send(request(9, { timeouts })))).toEqual({ tag: 'connection-timeout' });
    await until(() => sockets.length === 1 && sockets.every((socket) => socket.destroyed));
  });

  test('cover the TLS handshake', async () => {
    await using server = await rawServer((socket) => void socket.resume());
    const { transport, send } = bench([httpGrant(`https://127.0.0.1:${server.port}`)]);
    using _ = transport;
    expect(await failure(send(request(server.port, { scheme: 'https', timeouts })))).toEqual({
      tag: 'connection-timeout',
    });
    await until(() => server.open.size === 0);
  });
});

test.each([
  ['ENOTFOUND', { tag: 'DNS-error', val: { rcode: 'NXDOMAIN', infoCode: undefined } }],
  ['EAI_AGAIN', { tag: 'DNS-error', val: { rcode: 'SERVFAIL', infoCode: undefined } }],
])('a look-up that fails with %s is a typed failure', async (code, expected) => {
  const lookup = async () => {
    throw Object.assign(new Error(code), { code });
  };
  const { transport, send } = bench([httpGrant('*')], {
    connect: nothing,
    environment: { lookup },
  });
  using _ = transport;
  expect(await failure(send(request(80, { authority: 'gone.example' })))).toEqual(expected);
});

describe('https', () => {
  async function secureServer() {
    const server = tls.createServer({ key: KEY, cert: CERTIFICATE }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecure'),
      );
    });
    const servernames: unknown[] = [];
    server.on('secureConnection', (socket) => servernames.push(socket.servername));
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      server,
      servernames,
      port: (server.address() as net.AddressInfo).port,
      [Symbol.dispose]: () => void server.close(),
    };
  }

  test('goes to the literal that was judged, with the name for SNI and for the certificate', async () => {
    using secure = await secureServer();
    const { dialled, connect } = recorder(secure.port);
    const { transport, send } = bench([httpGrant('https://secure.test')], {
      connect,
      ca: [CERTIFICATE],
      environment: { lookup: async () => ['93.184.216.34'] },
    });
    using _ = transport;
    const { body } = await send(request(443, { scheme: 'https', authority: 'secure.test' }));
    expect(await readAll(body)).toBe('secure');
    expect([dialled, secure.servernames]).toEqual([['93.184.216.34 443'], ['secure.test']]);
    await until(() => transport.connections === 0);
  });

  test.each([
    ['a certificate nobody vouches for', 'secure.test', undefined],
    ['a certificate for another name', 'other.test', [CERTIFICATE]],
  ])('refuses %s, whatever the environment says', async (_name, host, ca) => {
    using secure = await secureServer();
    const { connect } = recorder(secure.port);
    const { transport, send } = bench([httpGrant('https://*.test')], {
      connect,
      ca,
      environment: { lookup: async () => ['93.184.216.34'] },
    });
    using _ = transport;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await failure(send(request(443, { scheme: 'https', authority: host })))).toEqual({
        tag: 'TLS-certificate-error',
      });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(transport.connections).toBe(0);
  });

  test('to a literal verifies the address', async () => {
    using secure = await secureServer();
    const { transport, send } = bench([httpGrant(`https://127.0.0.1:${secure.port}`)], {
      ca: [CERTIFICATE],
    });
    using _ = transport;
    expect(await readAll((await send(request(secure.port, { scheme: 'https' }))).body)).toBe(
      'secure',
    );
  });

  test('to a server that speaks no TLS is a typed failure', async () => {
    await using server = await rawServer(
      (socket) => void socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    const { transport, send } = bench([httpGrant(`https://127.0.0.1:${server.port}`)]);
    using _ = transport;
    expect(await failure(send(request(server.port, { scheme: 'https' })))).toEqual({
      tag: 'TLS-protocol-error',
    });
    await until(() => server.open.size === 0);
  });
});
