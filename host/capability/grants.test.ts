import { describe, expect, test } from 'vitest';
import { checkGrants, explain } from './grants.ts';
import { httpGrant, noGrants } from './testing.ts';

const random = { name: 'wasi:random/random', version: '0.2.6', functions: ['get-random-bytes'] };
const poll = {
  name: 'wasi:io/poll',
  version: '0.2.6',
  functions: ['[method]pollable.block'],
  resources: ['pollable'],
};
const outgoing = { name: 'wasi:http/outgoing-handler', version: '0.2.0', functions: ['handle'] };

describe('checkGrants', () => {
  test('what every program imports needs no grant', () => {
    expect(
      checkGrants(
        [
          {
            name: 'wasi:cli/environment',
            version: '0.2.6',
            functions: ['get-environment', 'get-arguments'],
          },
          { name: 'wasi:cli/exit', version: '0.2.6', functions: ['exit'] },
          {
            name: 'wasi:io/streams',
            version: '0.2.12',
            functions: ['[method]output-stream.blocking-write-and-flush'],
          },
          { name: 'wasi:filesystem/preopens', version: '0.2.0', functions: ['get-directories'] },
          { name: 'wasi:clocks/monotonic-clock', version: '0.2.99', functions: ['now'] },
          { name: 'wasi:http/types', version: '0.2.0', functions: ['[constructor]fields'] },
        ],
        noGrants,
      ),
    ).toEqual([]);
  });

  test('says for everything that no grant covers, at once, the line and the flag', () => {
    const wall = {
      name: 'wasi:clocks/wall-clock',
      version: '0.2.6',
      functions: ['now', 'resolution'],
    };
    const refusals = checkGrants([random, poll, outgoing, wall], noGrants);
    expect(refusals.map(({ code, message, fix }) => ({ code, message, fix }))).toEqual([
      {
        code: 'import-not-granted',
        message:
          'imports wasi:random/random (get-random-bytes), which no grant covers: add random = true',
        fix: "add random = true to the function's grants, or run with --random",
      },
      {
        code: 'import-not-granted',
        message:
          'imports wasi:io/poll ([method]pollable.block), which no grant covers: add poll = true',
        fix: "add poll = true to the function's grants, or run with --poll",
      },
      {
        code: 'import-not-granted',
        message:
          'imports wasi:http/outgoing-handler (handle), which no grant covers: add http = ["https://api.example.com"]',
        fix: 'add http = ["https://api.example.com"] to the function\'s grants, or run with --allow-http https://api.example.com',
      },
      {
        code: 'import-not-granted',
        message:
          'imports wasi:clocks/wall-clock (now, resolution), which no grant covers: add clocks = ["wall"]',
        fix: 'add clocks = ["wall"] to the function\'s grants, or run with --clock wall',
      },
    ]);
  });

  test('each grant covers its own, and nothing else', () => {
    const left = (grants: Partial<typeof noGrants>) =>
      checkGrants([random, poll, outgoing], { ...noGrants, ...grants }).map((one) => one.import);
    expect(left({ random: true })).toEqual([
      'wasi:io/poll@0.2.6',
      'wasi:http/outgoing-handler@0.2.0',
    ]);
    expect(left({ poll: true })).toEqual([
      'wasi:random/random@0.2.6',
      'wasi:http/outgoing-handler@0.2.0',
    ]);
    expect(left({ http: [httpGrant('https://a.example')] })).toEqual([
      'wasi:random/random@0.2.6',
      'wasi:io/poll@0.2.6',
    ]);
  });

  test('a type-only import needs no grant', () => {
    expect(
      checkGrants(
        [
          { ...poll, functions: [] },
          { ...outgoing, functions: [] },
        ],
        noGrants,
      ),
    ).toEqual([]);
    expect(checkGrants([{ name: 'acme:types/units', functions: [] }], noGrants)).toEqual([]);
  });

  test('a resource that nobody provides is refused even without a function', () => {
    const [refusal] = checkGrants(
      [{ name: 'acme:queue/types', version: '1.0.0', functions: [], resources: ['queue'] }],
      noGrants,
    );
    expect(refusal).toMatchObject({ code: 'import-unknown', import: 'acme:queue/types@1.0.0' });
  });

  test.each([
    [
      { name: 'wasi:sockets/tls', version: '0.2.0', functions: ['connect'] },
      'import-unknown',
      'imports wasi:sockets/tls@0.2.0, which this version does not provide',
    ],
    [
      { name: 'wasi:http/incoming-handler', version: '0.2.0', functions: ['handle'] },
      'import-unknown',
      'imports wasi:http/incoming-handler@0.2.0, which this version does not provide',
    ],
    [
      { name: 'acme:kv/store', version: undefined, functions: ['get'] },
      'import-unknown',
      'imports acme:kv/store, which this version does not provide',
    ],
    [
      { name: '__proto__', version: undefined, functions: ['get'] },
      'import-unknown',
      'imports __proto__, which this version does not provide',
    ],
    [
      { name: 'wasi:io/streams', version: '0.3.0', functions: ['[method]input-stream.read'] },
      'import-version',
      'imports wasi:io/streams@0.3.0, which this version does not provide: it has wasi:io/streams 0.2.0 and what is compatible with it',
    ],
    [
      { name: 'wasi:cli/exit', version: undefined, functions: ['exit'] },
      'import-version',
      'imports wasi:cli/exit, which this version does not provide: it has wasi:cli/exit 0.2.0 and 0.3.0 and what is compatible with it',
    ],
    [
      { name: 'wasi:cli/exit', version: '0.2.0-rc-2023-12-05', functions: ['exit'] },
      'import-version',
      'imports wasi:cli/exit@0.2.0-rc-2023-12-05, which this version does not provide: it has wasi:cli/exit 0.2.0 and 0.3.0 and what is compatible with it',
    ],
    [
      {
        name: 'wasi:random/random',
        version: '0.2.77',
        functions: ['get-random-haiku', 'constructor'],
      },
      'import-unknown',
      'imports wasi:random/random@0.2.77 (get-random-haiku, constructor), which this version does not provide',
    ],
    [
      { name: 'log', functions: [], sort: 'func' as const },
      'import-unsupported',
      'imports the function "log" directly, which this version does not provide',
    ],
    [
      { name: 'code', functions: [], sort: 'module' as const },
      'import-unsupported',
      'imports the module "code" directly, which this version does not provide',
    ],
  ])('%o is refused', (imported, code, message) => {
    const everything = {
      ...noGrants,
      random: true,
      poll: true,
      http: [httpGrant('*')],
      clocks: { ...noGrants.clocks, wall: true },
    };
    const refusals = checkGrants([imported], everything);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatchObject({ code, message });
    expect(refusals[0]?.fix).not.toBe('');
  });

  test.each([
    ['wasi:random/random', ['get-random-u64'], 'random = true', { random: true }],
    ['wasi:random/insecure-seed', ['get-insecure-seed'], 'random = true', { random: true }],
    [
      'wasi:clocks/system-clock',
      ['now'],
      'clocks = ["wall"]',
      { clocks: { ...noGrants.clocks, wall: true } },
    ],
  ])('%s of 0.3 needs the grant that 0.2 needs', (name, functions, line, grants) => {
    const imported = { name, version: '0.3.2', functions };
    expect(checkGrants([imported], noGrants)).toMatchObject([
      { code: 'import-not-granted', functions, grant: { line } },
    ]);
    expect(checkGrants([imported], { ...noGrants, ...grants })).toEqual([]);
  });

  test('a function of 0.2 is unknown in 0.3, and the other way round', () => {
    const of = (version: string, name: string) =>
      checkGrants(
        [{ name: 'wasi:clocks/monotonic-clock', version, functions: [name] }],
        noGrants,
      ).map(({ code }) => code);
    expect([of('0.2.6', 'subscribe-instant'), of('0.3.0', 'wait-for')]).toEqual([[], []]);
    expect([of('0.3.0', 'subscribe-instant'), of('0.2.6', 'wait-for')]).toEqual([
      ['import-unknown'],
      ['import-unknown'],
    ]);
  });

  test('unknown and uncovered functions of one interface are both said', () => {
    const refusals = checkGrants(
      [{ ...random, functions: ['get-random-u64', 'get-random-haiku'] }],
      noGrants,
    );
    expect(refusals.map((one) => [one.code, one.functions])).toEqual([
      ['import-unknown', ['get-random-haiku']],
      ['import-not-granted', ['get-random-u64']],
    ]);
  });
});

test('explain says what each function needs, and what no grant can give', () => {
  expect(
    explain([
      random,
      { name: 'wasi:cli/exit', version: '0.2.1', functions: ['exit'] },
      { name: 'acme:kv/store', functions: ['get'] },
    ]),
  ).toEqual([
    {
      import: 'wasi:random/random@0.2.6',
      capability: 'random',
      functions: [{ name: 'get-random-bytes', needs: { line: 'random = true', flag: '--random' } }],
    },
    {
      import: 'wasi:cli/exit@0.2.1',
      capability: 'cli',
      functions: [{ name: 'exit', needs: 'nothing' }],
    },
    {
      import: 'acme:kv/store',
      functions: [{ name: 'get', needs: 'unavailable' }],
      refusal: expect.objectContaining({ code: 'import-unknown' }),
    },
  ]);
});
