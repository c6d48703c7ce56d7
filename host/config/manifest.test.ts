import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, formatProblems } from './errors.ts';
import { parseManifest, readManifest } from './manifest.ts';
import type { PathProbe } from './paths.ts';

const probe: PathProbe = (path) => (path.endsWith('.wasm') ? 'file' : 'directory');

function report(text: string): string {
  try {
    parseManifest(text, { file: '/m/selvedge.toml', shownAs: 'selvedge.toml', probe });
  } catch (error) {
    if (error instanceof ConfigError) return formatProblems(error.problems);
    throw error;
  }
  return '';
}

describe('a manifest', () => {
  it('gives the host’s settings and the functions, with paths that stand on its folder', () => {
    const manifest = parseManifest(
      `[host]
listen = "127.0.0.1:8080"
admin-listen = "[::1]:0"
data = "state"
workers = 2
log-level = "debug"
[function.telemetry]
module = "telemetry.wasm"
routes = ["GET /telemetry/*", "POST /telemetry"]
[function.telemetry.grants]
dirs = ["./data/sensors::/sensors:ro"]
env = { SITE = "north" }
[function.telemetry.limits]
cpu = "50ms"
[function.a]
module = "/x/a.wasm"
`,
      { file: '/m/selvedge.toml', probe },
    );
    expect(manifest.host).toEqual({
      listen: '127.0.0.1:8080',
      adminListen: '[::1]:0',
      data: '/m/state',
      workers: 2,
      logLevel: 'debug',
    });
    expect(manifest.functions.map(({ name, module }) => [name, module])).toEqual([
      ['telemetry', '/m/telemetry.wasm'],
      ['a', '/x/a.wasm'],
    ]);
    expect(manifest.functions[0]?.config.limits.cpu).toBe(50);
    expect(manifest.functions[0]?.raw).toEqual({
      routes: ['GET /telemetry/*', 'POST /telemetry'],
      grants: {
        dirs: [{ host: '/m/data/sensors', guest: '/sensors', mode: 'ro' }],
        env: { SITE: 'north' },
      },
      limits: { cpu: '50ms' },
    });
    expect(manifest.functions[1]?.raw).toEqual({});
  });

  it('may be empty', () => {
    expect(parseManifest('', { file: '/m/selvedge.toml' })).toEqual({
      path: '/m/selvedge.toml',
      host: {},
      functions: [],
    });
  });
});

describe('a problem', () => {
  it('of syntax points at its place', () => {
    expect(report('[host]\nlisten = \n')).toMatch(
      /^selvedge\.toml:2:\d+: not TOML: .*\n {4}2 \| listen = \n {5} \| +\^$/,
    );
  });

  it('of the schema points at key or value, with the source line', () => {
    expect(
      report(
        '[function.a]\nmodule = "a.wasm"\n\n[function.a.limits]\n\ttimout = "2s"\n\tmemory = "64MiB" # fine\n\tcpu = "1sec"\n',
      ),
    ).toBe(
      [
        'selvedge.toml:5:2: function.a.limits.timout: unknown key "timout".',
        '    5 | \ttimout = "2s"',
        '      | \t^',
        '  fix: Did you mean timeout?',
        '',
        'selvedge.toml:7:8: function.a.limits.cpu: "1sec" has an unknown unit "sec".',
        '    7 | \tcpu = "1sec"',
        '      | \t      ^',
        '  fix: Write a number and a unit (ns, us, ms, s, m, h), e.g. "500ms", "2s" or "1m".',
      ].join('\n'),
    );
  });

  it('of each function and of the host is found in one go, in the order of the file', () => {
    const text = `[hots]
[function.B]
module = "b.wasm"
[function.c]
routes = ["/x"]
[host]
listen = "8080"
workers = 0
log-level = "loud"
admin_listen = "x"
`;
    expect(
      report(text)
        .split('\n')
        .filter((line) => line.startsWith('selvedge.toml')),
    ).toEqual([
      'selvedge.toml:1:2: hots: unknown table "hots".',
      'selvedge.toml:2:11: function.B: "B" is not a function name.',
      'selvedge.toml:4:11: function.c.module: is missing.',
      'selvedge.toml:7:10: host.listen: "8080" is not HOST:PORT.',
      'selvedge.toml:8:11: host.workers: there is at least one worker.',
      'selvedge.toml:9:13: host.log-level: is "loud", not one of "trace", "debug", "info", "warn", "error", "fatal", "silent".',
      'selvedge.toml:10:1: host.admin_listen: unknown key "admin_listen".',
    ]);
    expect(report('function = 3\n')).toMatch(/^selvedge\.toml:1:1: function: is not a table/);
    expect(report('function.a = 3\n')).toMatch(
      /^selvedge\.toml:1:14: function\.a: is a number, not a table/,
    );
  });

  it('of two functions that share a route is found at the second', () => {
    const text = (b: string) => `[function.a]
module = "a.wasm"
routes = ["GET /x/*", "/y"]
[function.b]
module = "b.wasm"
routes = ["/z", "${b}"]
`;
    expect(report(text('GET /x/*')).split('\n')[0]).toBe(
      'selvedge.toml:6:17: function.b.routes[1]: "GET /x/*" is a route of the function a as well.',
    );
    expect([report(text('/x/*')), report(text('GET /x'))]).toEqual(['', '']);
  });

  it('with dates and large numbers is a problem like any other', () => {
    expect(report('[function.a]\nmodule = 1979-05-27\nroutes = [9223372036854775807]\n')).not.toBe(
      '',
    );
  });
});

describe('reading a manifest', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'selvedge-manifest-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('looks at the real paths', async () => {
    const file = join(folder, 'selvedge.toml');
    await writeFile(
      file,
      '[function.a]\nmodule = "a.wasm"\ngrants.dirs = ["d::/d", "a.wasm::/w"]\n',
    );
    await expect(readManifest(file)).rejects.toMatchObject({
      code: 'config-invalid',
      problems: [
        { path: 'function.a.module', line: 2, column: 10 },
        { path: 'function.a.grants.dirs[0]', line: 3, column: 16 },
        {
          path: 'function.a.grants.dirs[1]',
          message: 'the host directory "a.wasm" does not exist.',
        },
      ],
    });
    await writeFile(join(folder, 'a.wasm'), '');
    await mkdir(join(folder, 'd'));
    await expect(readManifest(file)).rejects.toMatchObject({
      problems: [{ message: 'the host directory "a.wasm" is not a directory.' }],
    });
    await writeFile(file, '[function.a]\nmodule = "a.wasm"\ngrants.dirs = ["d::/d"]\n');
    await expect(readManifest(file)).resolves.toMatchObject({
      functions: [{ name: 'a', module: join(folder, 'a.wasm') }],
    });
  });

  it('says why a file cannot be read', async () => {
    await expect(readManifest(join(folder, 'none.toml'))).rejects.toMatchObject({
      problems: [{ message: 'there is no such file.' }],
    });
    await expect(readManifest(folder)).rejects.toMatchObject({
      problems: [{ message: 'is a directory.' }],
    });
    await writeFile(join(folder, 'latin1.toml'), Buffer.from([0x23, 0xe4, 0x0a]));
    await expect(readManifest(join(folder, 'latin1.toml'))).rejects.toMatchObject({
      problems: [{ message: 'the manifest is not UTF-8.' }],
    });
    await writeFile(join(folder, 'big.toml'), Buffer.alloc(5 * 1024 * 1024, '#'));
    await expect(readManifest(join(folder, 'big.toml'))).rejects.toMatchObject({
      problems: [{ message: 'the manifest is larger than 4MiB.' }],
    });
  });
});
