import { describe, expect, it } from 'vitest';

import { clashKey, parseExternName, tryParseExternName } from './names.ts';
import { errorOf } from './test-support.ts';

describe('parseExternName', () => {
  it.each([
    ['handle', { kind: 'plain', name: 'handle', async: false }],
    ['a-B2-3c', { kind: 'plain', name: 'a-B2-3c', async: false }],
    ['[constructor]fields', { kind: 'constructor', resource: 'fields' }],
    [
      '[method]output-stream.blocking-flush',
      { kind: 'method', resource: 'output-stream', name: 'blocking-flush', async: false },
    ],
    [
      '[static]fields.from-list',
      { kind: 'static', resource: 'fields', name: 'from-list', async: false },
    ],
    ['[async]run', { kind: 'plain', name: 'run', async: true }],
    ['[async method]r.f', { kind: 'method', resource: 'r', name: 'f', async: true }],
    [
      'wasi:http/types@0.2.6',
      {
        kind: 'interface',
        namespace: 'wasi',
        package: 'http',
        interface: 'types',
        version: '0.2.6',
      },
    ],
    [
      'a:b/c',
      { kind: 'interface', namespace: 'a', package: 'b', interface: 'c', version: undefined },
    ],
    [
      'a:b/c@1.0.0-rc.1+x',
      { kind: 'interface', namespace: 'a', package: 'b', interface: 'c', version: '1.0.0-rc.1+x' },
    ],
    [
      'url=<https://example.com/a>',
      { kind: 'url', url: 'https://example.com/a', integrity: undefined },
    ],
    [
      'locked-dep=<a:b@1.0.0>,integrity=<sha256-AAAA>',
      { kind: 'locked-dep', package: 'a:b@1.0.0', integrity: 'sha256-AAAA' },
    ],
    [
      'unlocked-dep=<a:b/c@{>=1.0.0 <2.0.0}>',
      { kind: 'unlocked-dep', query: 'a:b/c@{>=1.0.0 <2.0.0}' },
    ],
    ['unlocked-dep=<a:b@*>', { kind: 'unlocked-dep', query: 'a:b@*' }],
    ['integrity=<sha512-abc+/=>', { kind: 'integrity', integrity: 'sha512-abc+/=' }],
  ])('reads %s', (name, expected) => {
    expect(tryParseExternName(name)).toEqual(expected);
  });

  it.each([
    '',
    '-a',
    'a-',
    'a--b',
    '1a',
    'aB',
    'a_b',
    'a b',
    'a\u0000',
    'ä',
    '__proto__',
    '[method]r',
    '[method]r.',
    '[method].f',
    '[method]r.f.g',
    '[constructor]',
    '[constructor]a.b',
    '[get]a',
    '[unknown]a',
    '[method',
    'wasi:http',
    'wasi:http/',
    'Wasi:http/types',
    'a:b:c/d',
    'a:b/c/d',
    'a:b/c@',
    'a:b/c@1',
    'a:b/c@0.2',
    'a:b/c@01.0.0',
    'a:b/c@1.0.0@1.0.0',
    ':b/c',
    'url=<a<b>',
    'url=<a',
    'integrity=<>',
    'integrity=<md5-AAAA>',
    'unlocked-dep=<a:b@{}>',
    'unlocked-dep=<a:b@{<1.0.0 >=2.0.0}>',
    'locked-dep=<a>',
  ])('refuses %j', (name) => {
    expect(tryParseExternName(name)).toBeUndefined();
    expect(errorOf(() => parseExternName(name))).toMatchObject({
      code: 'invalid-name',
      status: 422,
    });
  });

  it('escapes and shortens a hostile name in its message', () => {
    const { message } = errorOf(() => parseExternName(`a\n{"level":"fatal"}${'x'.repeat(10_000)}`));
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(250);
  });

  it('takes time in proportion to the name', () => {
    const started = process.cpuUsage().user;
    expect(tryParseExternName(`${'a-'.repeat(50_000)}!`)).toBeUndefined();
    expect(tryParseExternName(`[method]${'a.'.repeat(50_000)}`)).toBeUndefined();
    expect(tryParseExternName(`integrity=<${' '.repeat(100_000)}>`)).toBeUndefined();
    expect(process.cpuUsage().user - started).toBeLessThan(2_000_000);
  });
});

const key = (name: string): string => clashKey(name, parseExternName(name));

describe('clashKey', () => {
  it.each([
    ['foo-bar', 'FOO-bar'],
    ['foo-bar', 'foobar'],
    ['[method]a.b', '[static]a.b'],
    ['[method]a.a', 'a'],
  ])('lets %s clash with %s', (left, right) => {
    expect(key(left)).toBe(key(right));
  });

  it.each([
    ['a', '[constructor]a'],
    ['[method]a.b', '[method]b.a'],
    ['a:b/c@1.0.0', 'a:b/c@1.0.1'],
    ['[method]a.b', 'b'],
  ])('keeps %s and %s apart', (left, right) => {
    expect(key(left)).not.toBe(key(right));
  });
});
