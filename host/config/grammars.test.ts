import { describe, expect, it } from 'vitest';
import { absoluteDirTable, parseDirGrant } from './dirs.ts';
import { parseAddressRange } from './hosts.ts';
import { parseListen } from './listen.ts';
import { parseFunctionName } from './names.ts';
import { nearest } from '../base/index.ts';
import { parseRoute } from './routes.ts';
import { parseListenGrant, parseSocketGrant } from './sockets.ts';

const invalid = expect.objectContaining({
  code: 'config-invalid',
  status: 400,
  fix: expect.any(String),
});

describe('a directory', () => {
  it.each([
    ['/srv', { host: '/srv', guest: '/srv', mode: 'ro', quota: 0, files: 0 }],
    ['./a::/b', { host: './a', guest: '/b', mode: 'ro', quota: 0, files: 0 }],
    ['C:\\data::/b:ro', { host: 'C:\\data', guest: '/b', mode: 'ro', quota: 0, files: 0 }],
    ['a:b::/', { host: 'a:b', guest: '/', mode: 'ro', quota: 0, files: 0 }],
    ['./a::/b:rw', { host: './a', guest: '/b', mode: 'rw', quota: 67_108_864, files: 10_000 }],
    [
      './a::/b:rw,quota=1KiB,files=3',
      { host: './a', guest: '/b', mode: 'rw', quota: 1024, files: 3 },
    ],
  ])('%s', (text, grant) => {
    expect(parseDirGrant(text)).toEqual(grant);
  });

  it.each([
    '',
    '.',
    '::/b',
    './a::',
    './a::b',
    './a::/b:rx',
    './a::/b:',
    './a::/b:ro:rw',
    '/a:ro',
    './a::/b::/c',
    './a::/../b',
    './a::/b/',
    './a::/b//c',
    './a::/b\0',
    './a::/b\u001B',
    'a\0::/b',
    './a::/b:ro,quota=1KiB',
    './a::/b:rw,quota=0B',
    './a::/b:rw,quota=1KiB,quota=2KiB',
    './a::/b:rw,files=-1',
    './a::/b:rw,files=0',
    './a::/b:rw,size=1KiB',
    './a::/b:rw,',
  ])('refuses %j', (text) => {
    expect(() => parseDirGrant(text)).toThrow(invalid);
  });

  it('says what to write where only the mode is misplaced', () => {
    expect(() => parseDirGrant('/a:ro')).toThrow(
      expect.objectContaining({ fix: 'Write "/a::/a:ro".' }),
    );
    expect(() => parseDirGrant('.')).toThrow(
      expect.objectContaining({ fix: 'Say where the guest finds it, e.g. ".::/data".' }),
    );
  });

  it('means the same anywhere as an absolute table', () => {
    expect(absoluteDirTable(parseDirGrant('a::/b:rw,quota=1KiB'), '/base')).toEqual({
      host: '/base/a',
      guest: '/b',
      mode: 'rw',
      quota: '1KiB',
      files: 10_000,
    });
    expect(absoluteDirTable(parseDirGrant('/a'), '/base')).toEqual({
      host: '/a',
      guest: '/a',
      mode: 'ro',
    });
  });
});

describe('a socket', () => {
  it('has three parts, each of which may be *', () => {
    expect(parseSocketGrant('tcp:10.0.0.5:1883')).toEqual({
      source: 'tcp:10.0.0.5:1883',
      direction: 'connect',
      protocol: 'tcp',
      host: { kind: 'address', address: '10.0.0.5', family: 4 },
      port: 1883,
    });
    expect(parseSocketGrant('udp:[::1]:53').host).toEqual({
      kind: 'address',
      address: '::1',
      family: 6,
    });
    expect(parseSocketGrant('*:*:*')).toEqual({
      source: '*:*:*',
      direction: 'connect',
      protocol: '*',
      host: { kind: 'any' },
      port: '*',
    });
    expect(parseSocketGrant('tcp:Broker.local:1').host).toEqual({
      kind: 'name',
      name: 'broker.local',
    });
    expect(parseSocketGrant('tcp:*.example.com:443').host).toEqual({
      kind: 'suffix',
      suffix: 'example.com',
    });
  });

  it('is for connecting unless it says otherwise', () => {
    expect(parseSocketGrant('connect:tcp:10.0.0.5:1883')).toEqual({
      ...parseSocketGrant('tcp:10.0.0.5:1883'),
      source: 'connect:tcp:10.0.0.5:1883',
    });
    const listen = {
      source: 'listen:udp:[::]:1700',
      direction: 'listen',
      protocol: 'udp',
      host: { kind: 'address', address: '::', family: 6 },
      port: 1700,
    };
    expect(parseSocketGrant('listen:udp:[::]:1700')).toEqual(listen);
    expect(parseListenGrant('udp:[::]:1700')).toEqual(listen);
    expect(parseSocketGrant('listen:*:*:*')).toMatchObject({ host: { kind: 'any' }, port: '*' });
  });

  it.each([
    ['listen:tcp:localhost:80', 'listens at an address'],
    ['listen:tcp:*.example.com:80', 'listens at an address'],
    ['listen:tcp:127.0.0.1:0', 'not a port'],
    ['listen:tcp', 'PROTO:ADDR:PORT'],
    ['listen:listen:tcp:127.0.0.1:1', 'protocol "listen"'],
    ['accept:tcp:127.0.0.1:1', 'protocol "accept"'],
  ])('refuses %j, and says why', (text, why) => {
    expect(() => parseSocketGrant(text)).toThrow(why);
  });

  it.each([
    '',
    'tcp',
    'tcp:1.2.3.4',
    'sctp:1.2.3.4:1',
    'tcp:1.2.3.4:0',
    'tcp:1.2.3.4:65536',
    'tcp:::1:53',
    'tcp::53',
    'tcp:0x7f.1:1',
    'tcp:a:1:2',
  ])('refuses %j', (text) => {
    expect(() => parseSocketGrant(text)).toThrow(invalid);
  });
});

describe('a route', () => {
  it.each([
    ['/x', { path: '/x', wildcard: false }],
    ['GET /telemetry/*', { method: 'GET', path: '/telemetry/', wildcard: true }],
    ['/*', { path: '/', wildcard: true }],
    ['/', { path: '/', wildcard: false }],
    ['PROPFIND /a/%20b/', { method: 'PROPFIND', path: '/a/%20b/', wildcard: false }],
    ['/fnord', { path: '/fnord', wildcard: false }],
  ])('%s', (source, route) => {
    expect(parseRoute(source)).toEqual({ source, ...route });
  });

  it.each([
    '',
    'x',
    'GET',
    'GET x',
    'get /x',
    '* /x',
    'G T /x',
    'GET  /x',
    ' /x',
    '/x*',
    '/*/x',
    '/a/:id',
    '/a/{id}',
    '/a?b',
    '/a#b',
    '/a b',
    '/ä',
    '/a//b',
    '/a/../b',
    '/%2e%2E/b',
    '/a/.',
    '/%',
    '/fn',
    '/fn/x',
    '/fn/*',
    '/a\n',
  ])('refuses %j', (text) => {
    expect(() => parseRoute(text)).toThrow(invalid);
  });
});

describe('a function name', () => {
  it.each(['a', '0', 'hello-2', 'a'.repeat(63), 'console', 'com10'])('may be %s', (name) => {
    expect(parseFunctionName(name)).toBe(name);
  });

  it.each([
    '',
    'A',
    '-a',
    'a-',
    'a.b',
    '../x',
    'a/b',
    'a b',
    'con',
    'nul',
    'com1',
    'lpt9',
    'a'.repeat(64),
    'x'.repeat(10_000),
    'a\n',
    '__proto__',
    'ä',
  ])('may not be %j', (name) => {
    expect(() => parseFunctionName(name)).toThrow(invalid);
  });
});

describe('an address block', () => {
  it.each([
    ['10.1.0.0/16', { address: '10.1.0.0', prefix: 16, family: 4 }],
    ['fd00::/8', { address: 'fd00::', prefix: 8, family: 6 }],
    ['10.0.0.1', { address: '10.0.0.1', prefix: 32, family: 4 }],
    ['0.0.0.0/0', { address: '0.0.0.0', prefix: 0, family: 4 }],
  ])('%s', (text, range) => {
    expect(parseAddressRange(text)).toEqual(range);
  });

  it.each([
    '',
    '10.0.0/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    'fd00::/129',
    'fe80::1%eth0',
    '0x7f.0.0.1',
    'a.com',
  ])('refuses %j', (text) => {
    expect(() => parseAddressRange(text)).toThrow(invalid);
  });
});

describe('an address to listen on', () => {
  it('has a host and a port', () => {
    expect(parseListen('127.0.0.1:8080')).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(parseListen('[::1]:0')).toEqual({ host: '::1', port: 0 });
    expect(parseListen('localhost:80')).toEqual({ host: 'localhost', port: 80 });
  });

  it.each([
    '',
    '8080',
    ':8080',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:x',
    '::1:80',
    'http://a:80',
  ])('refuses %j', (text) => {
    expect(() => parseListen(text)).toThrow(invalid);
  });
});

describe('did you mean', () => {
  it('finds slips of typing, case and separators, and nothing far away', () => {
    expect(nearest('timout', ['timeout', 'memory'])).toBe('timeout');
    expect(nearest('header_count', ['headers', 'headerCount'])).toBe('headerCount');
    expect(nearest('opll', ['poll', 'random'])).toBe('poll');
    expect(nearest('zzz', ['poll', 'random'])).toBeUndefined();
    expect(nearest('x'.repeat(10_000), ['poll'])).toBeUndefined();
  });
});
