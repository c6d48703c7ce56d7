import { describe, expect, it } from 'vitest';
import { ConfigError, formatProblems } from './errors.ts';
import { GRANT_FLAGS, configFromFlags } from './flags.ts';
import { parseFunctionConfig, type FunctionConfigOptions } from './function-config.ts';
import { functionConfigJsonSchema, manifestJsonSchema } from './json-schema.ts';
import { LIMITS, defaultLimits, formatLimit } from './limits.ts';
import type { PathProbe } from './paths.ts';

const probe: PathProbe = (path) =>
  path.includes('missing') ? 'missing' : path.endsWith('.wasm') ? 'file' : 'directory';
const upload = { baseDir: '/srv', origin: 'upload', probe } as const;

function refusal(act: () => unknown): ConfigError | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return undefined;
}

function problems(raw: unknown, options: FunctionConfigOptions = upload): Record<string, string> {
  const error = refusal(() => parseFunctionConfig(raw, options));
  return Object.fromEntries((error?.problems ?? []).map(({ path, message }) => [path, message]));
}

function fixOf(raw: unknown): string | undefined {
  return refusal(() => parseFunctionConfig(raw, upload))?.fix;
}

describe('defaults', () => {
  it('grant nothing but the monotonic clock', () => {
    expect(parseFunctionConfig({}, upload)).toEqual({
      routes: [],
      isolation: 'request',
      grants: {
        dirs: [],
        env: {},
        clocks: { monotonic: true, wall: false, resolution: 1 },
        poll: false,
        random: false,
        http: [],
        sockets: [],
      },
      limits: defaultLimits(),
    });
  });

  it('of the limits lie within their bounds and read back as written', () => {
    expect(new Set(LIMITS.map(({ name }) => name)).size).toBe(15);
    for (const { name, unit, minimum, maximum, default: normal } of LIMITS) {
      for (const value of [minimum, normal, maximum]) {
        const written = unit === 'count' ? value : formatLimit(unit, value);
        expect(parseFunctionConfig({ limits: { [name]: written } }, upload).limits[name]).toBe(
          value,
        );
      }
      const excess = unit === 'count' ? maximum + 1 : formatLimit(unit, maximum + 1);
      expect(problems({ limits: { [name]: excess } })[`limits.${name}`]).toMatch(/^is outside /);
      const nothing = unit === 'count' ? 0 : unit === 'bytes' ? '0B' : '0s';
      expect(problems({ limits: { [name]: nothing } })[`limits.${name}`]).toMatch(/^is outside /);
    }
  });
});

describe('a whole configuration', () => {
  it('is normalised and is plain JSON', () => {
    const config = parseFunctionConfig(
      {
        routes: ['GET /telemetry/*'],
        isolation: 'instance',
        grants: {
          dirs: [
            'data::/sensors:ro',
            { host: '/out', guest: '/out', mode: 'rw', quota: '1MiB', files: 7 },
          ],
          env: { SITE: 'north' },
          clocks: { wall: true, resolution: '1us' },
          poll: true,
          random: true,
          http: ['*', { origin: 'https://a.com', addresses: ['10.1.0.0/16'] }],
          sockets: ['tcp:*:1883'],
        },
        limits: { timeout: '2s', memory: '64MiB', concurrency: 64 },
      },
      upload,
    );
    expect(config.grants.dirs).toEqual([
      { host: '/srv/data', guest: '/sensors', mode: 'ro', quota: 0, files: 0 },
      { host: '/out', guest: '/out', mode: 'rw', quota: 1_048_576, files: 7 },
    ]);
    expect(config.grants.clocks).toEqual({ monotonic: true, wall: true, resolution: 1000 });
    expect(config.grants.http[1]?.addresses).toEqual([
      { address: '10.1.0.0', prefix: 16, family: 4 },
    ]);
    expect(config.limits).toEqual({
      ...defaultLimits(),
      timeout: 2000,
      memory: 67_108_864,
      concurrency: 64,
    });
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it('takes sockets as texts and as tables', () => {
    const sockets = (...entries: unknown[]) =>
      parseFunctionConfig({ grants: { sockets: entries } }, upload).grants.sockets;
    const [connect, listen] = sockets('tcp:a.local:1883', 'listen:udp:0.0.0.0:1700');
    expect([connect?.direction, connect?.addresses, listen?.direction]).toEqual([
      'connect',
      [],
      'listen',
    ]);
    expect(
      sockets(
        { connect: 'tcp:a.local:1883', addresses: ['10.0.0.0/8'] },
        { listen: 'udp:0.0.0.0:1700' },
      ),
    ).toEqual([{ ...connect, addresses: [{ address: '10.0.0.0', prefix: 8, family: 4 }] }, listen]);
    for (const wrong of [
      { connect: 'tcp:a:1', listen: 'tcp:0.0.0.0:1' },
      { listen: 'tcp:0.0.0.0:1', addresses: ['10.0.0.0/8'] },
      { connect: 'listen:tcp:0.0.0.0:1' },
      { listen: 'tcp:localhost:1' },
      { addresses: ['10.0.0.0/8'] },
      {},
      7,
    ])
      expect(() => sockets(wrong)).toThrow(/grants\.sockets/);
    expect(problems({ grants: { sockets: [{ connect: 'tcp:a:1', adresses: [] }, {}] } })).toEqual({
      'grants.sockets[0].adresses': 'unknown key "adresses".',
      'grants.sockets[1]': expect.stringContaining('needs either connect ='),
    });
  });

  it('takes clocks as a list', () => {
    expect(
      parseFunctionConfig({ grants: { clocks: ['wall', 'monotonic'] } }, upload).grants.clocks.wall,
    ).toBe(true);
    expect(
      parseFunctionConfig({ grants: { clocks: ['monotonic'] } }, upload).grants.clocks.wall,
    ).toBe(false);
  });
});

describe('problems', () => {
  it('are reported all at once, each at its place', () => {
    expect(
      problems({
        rotes: [],
        routes: ['/x', '/x', 7],
        isolation: 'requests',
        grants: {
          pol: true,
          poll: 'yes',
          dirs: ['missing::/m', '/a::/d', '/b::/d', { host: '/a', gest: '/x' }, 5],
          env: { A: 1 },
          clocks: true,
          http: ['a.com', { origin: 'https://a.com', adresses: [] }],
        },
        limits: { timout: '1s', memory: 64, log: '1', files: '3' },
      }),
    ).toEqual({
      rotes: 'unknown key "rotes".',
      'routes[1]': '"/x" is there twice.',
      'routes[2]': 'is a number, not a text.',
      isolation: 'is "requests", not "request" or "instance".',
      'grants.pol': 'unknown key "pol".',
      'grants.poll': 'is a text, not true or false.',
      'grants.dirs[0]': 'the host directory "missing" does not exist.',
      'grants.dirs[2]': 'the guest path "/d" is already that of grants.dirs[1].',
      'grants.dirs[3].guest': 'is missing.',
      'grants.dirs[3].gest': 'unknown key "gest".',
      'grants.dirs[4]': 'is a number, not a text or a table.',
      'grants.env.A': 'is a number, not a text.',
      'grants.clocks': 'is true, not a list or a table.',
      'grants.http[0]': '"a.com" is not an origin: it has no scheme.',
      'grants.http[1].adresses': 'unknown key "adresses".',
      'limits.timout': 'unknown key "timout".',
      'limits.memory': 'is not a text with a unit, e.g. "128MiB".',
      'limits.log': '"1" is not a size.',
      'limits.files': 'is not a whole number; write it plainly, e.g. 256.',
    });
  });

  it('say what an unknown key may have meant, or where it belongs', () => {
    expect(fixOf({ limits: { 'header-count': 5 } })).toBe('Did you mean headerCount?');
    expect(fixOf({ dirs: [] })).toBe('It belongs in grants.');
    expect(fixOf({ grants: { routes: [] } })).toBe('It belongs one level up.');
    expect(fixOf({ isolation: 'instnace' })).toBe('Did you mean "instance"?');
  });

  it.each([null, 5, 'x', [], true])('name %j as no table', (raw) => {
    expect(Object.values(problems(raw))).toEqual([expect.stringMatching(/not a table\.$/)]);
  });

  it('include keys that would reach a prototype', () => {
    expect(problems(JSON.parse('{"__proto__":{"poll":true}}'))).toEqual({
      ['__proto__']: 'unknown key "__proto__".',
    });
    expect(problems(JSON.parse('{"grants":{"env":{"__proto__":"x"}}}'))).toEqual({
      'grants.env.__proto__': 'this name cannot be set.',
    });
    expect(problems({ limits: { constructor: 1, toString: 2 } })).toMatchObject({
      'limits.constructor': 'unknown key "constructor".',
    });
  });

  it('include bad names and values of variables', () => {
    expect(Object.keys(problems({ grants: { env: { 'A=B': 'x', C: 'a\0b' } } }))).toEqual([
      'grants.env["A=B"]',
      'grants.env.C',
    ]);
  });

  it('are few however many there are', () => {
    expect(Object.keys(problems({ routes: Array.from({ length: 900 }, () => 1) })).length).toBe(50);
    expect(problems({ routes: Array.from({ length: 1001 }, (_, index) => `/${index}`) })).toEqual({
      routes: 'has more than 1000 entries.',
    });
  });
});

describe('the module', () => {
  it('is named by a manifest only, and exists', () => {
    const manifest = { ...upload, origin: 'manifest' } as const;
    expect(parseFunctionConfig({ module: '../m.wasm' }, manifest).module).toBe('/m.wasm');
    expect(problems({ module: 'missing.wasm' }, manifest)).toEqual({
      module: '"missing.wasm" does not exist.',
    });
    expect(problems({ module: 'dir' }, manifest)).toEqual({ module: '"dir" is not a file.' });
    expect(problems({}, manifest)).toEqual({ module: 'is missing.' });
    expect(problems({ module: 'm.wasm' })).toEqual({ module: 'only a manifest names its module.' });
  });
});

describe('flags', () => {
  it('give the same configuration as the text would', () => {
    const raw = configFromFlags(
      {
        dir: ['data::/d:rw,quota=1MiB'],
        env: ['A=b=c', 'HOME', 'EMPTY='],
        allowHttp: ['*'],
        allowSocket: ['tcp:*:1'],
        clock: ['wall'],
        poll: true,
        random: true,
        timeout: '2s',
        memory: '64MiB',
      },
      { HOME: '/home/x', SECRET: 's' },
      '/cwd',
    );
    expect(raw).toEqual({
      grants: {
        dirs: [{ host: '/cwd/data', guest: '/d', mode: 'rw', quota: '1MiB', files: 10_000 }],
        env: { A: 'b=c', HOME: '/home/x', EMPTY: '' },
        clocks: ['wall'],
        poll: true,
        random: true,
        http: ['*'],
        sockets: ['tcp:*:1'],
      },
      limits: { timeout: '2s', memory: '64MiB' },
    });
    expect(
      parseFunctionConfig(raw, { baseDir: '/elsewhere', origin: 'flags', probe }).limits.timeout,
    ).toBe(2000);
    expect(configFromFlags({ poll: false, dir: [] }, {}, '/cwd')).toEqual({});
  });

  it('are named in problems', () => {
    const error = refusal(() =>
      configFromFlags({ dir: ['/a:ro', 'x::/x:rw,quota=1Q'], env: ['NOPE', '=x'] }, {}, '/'),
    );
    expect(error?.problems.map(({ path }) => path)).toEqual(['--dir', '--dir', '--env', '--env']);
    expect(formatProblems(error?.problems ?? [])).toContain(
      'fix: Set it, or give the value: --env NOPE=VALUE.',
    );
    expect(
      problems(
        { grants: { http: ['a.com'], env: { 'A=B': '' } }, limits: { memory: '1' } },
        { ...upload, origin: 'flags' },
      ),
    ).toEqual({
      '--allow-http': expect.any(String),
      '--env': expect.any(String),
      '--memory': expect.any(String),
    });
  });

  it('each fill a place that exists', () => {
    expect(GRANT_FLAGS.map(({ flag }) => flag)).toEqual([
      '--dir',
      '--env',
      '--allow-http',
      '--allow-socket',
      '--clock',
      '--poll',
      '--random',
      '--timeout',
      '--memory',
    ]);
    for (const { fills } of GRANT_FLAGS) {
      const [table = '', key = ''] = fills.split('.');
      expect(functionConfigJsonSchema()).toHaveProperty(['properties', table, 'properties', key]);
    }
  });
});

describe('the JSON schema', () => {
  it('knows every key, describes limits, and lets no other key in', () => {
    const schema = functionConfigJsonSchema();
    expect(schema).toMatchObject({
      additionalProperties: false,
      properties: {
        isolation: { enum: ['request', 'instance'] },
        limits: {
          additionalProperties: false,
          properties: {
            concurrency: { type: 'integer', minimum: 1, maximum: 10_000 },
            memory: { type: 'string', examples: ['128MiB'] },
          },
        },
      },
    });
    expect(schema['properties']).not.toHaveProperty('module');
    expect(manifestJsonSchema()).toMatchObject({
      properties: {
        host: { properties: { 'admin-listen': { type: 'string' } } },
        function: { additionalProperties: { required: ['module'] } },
      },
    });
  });
});
