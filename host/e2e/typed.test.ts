import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  jsonText,
  parseJson,
  readComponent,
  toWave,
  type FuncType,
  type ValType,
} from '../component/index.ts';
import { anyJson } from '../component/values/testing.ts';
import { fixture, root, startHost, type TestHost } from './harness.ts';

const MIRROR = 'selvedge:typed/mirror@0.1.0';
const COUNTERS = 'counters';

let host: TestHost;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  host = started.use(await startHost());
  await host.deploy('typed', 'typed');
  await host.deploy('small', 'typed', {
    limits: { body: '1KiB', response: '1KiB', concurrency: 2 },
  });
  await host.deploy('hello', 'hello');
}, 120_000);
afterAll(() => started.disposeAsync());

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: ReturnType<typeof JSON.parse>;
}

async function post(
  path: string,
  args?: unknown,
  headers: Readonly<Record<string, string>> = {},
  name = 'typed',
): Promise<Answered> {
  const body =
    typeof args === 'string' || args instanceof Uint8Array
      ? args
      : args === undefined
        ? undefined
        : jsonText(args);
  return ask('POST', `/fn/${name}/${path}`, {
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: body as string }),
  });
}

async function ask(method: string, path: string, init: RequestInit = {}): Promise<Answered> {
  const response = await fetch(host.edge + path, { ...init, method });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json:
      text !== '' && /json/.test(response.headers.get('content-type') ?? '')
        ? parseJson(text)
        : undefined,
  };
}

async function invoke(wave: string): Promise<Answered> {
  const response = await host.api('POST', '/v1/functions/typed/call', {
    body: JSON.stringify({ wave }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
}

const component = readComponent(readFileSync(fixture('typed')));
const mirror = component.exports.find((each) => each.name === MIRROR)?.type;
const echoes = [...(mirror?.kind === 'instance' ? mirror.exports : [])].filter(
  (each): each is [string, FuncType] => each[1].kind === 'func',
);
const typeOf = (echo: FuncType): ValType => echo.params[0]?.type as ValType;

/** Options that are none may be given as `null` or left out; both answers are the same. */
function expected(
  type: ValType,
  json: unknown,
): { readonly status: number; readonly json: unknown } {
  if (type.kind !== 'result') return { status: 200, json };
  const [[tag, val] = ['', undefined]] = Object.entries(json as object);
  if (tag === 'err') return { status: 422, json: val };
  return {
    status: type.ok === undefined ? 204 : 200,
    json: type.ok === undefined ? undefined : val,
  };
}

describe('every type', () => {
  test('the fixture mirrors them all', () => {
    expect(echoes.length).toBeGreaterThan(35);
  });

  test.each(echoes)('%s gives back random values', async (name, echo) => {
    const type = typeOf(echo);
    await fc.assert(
      fc.asyncProperty(anyJson(type), async (json) => {
        const answer = await post(`mirror/${name}`, { value: json });
        const want = expected(type, parseJson(jsonText(json ?? null)));
        expect(answer.status, answer.text).toBe(want.status);
        const got = answer.status === 422 ? answer.json.error : answer.json;
        expect(
          isDeepStrictEqual(got, want.json),
          `${jsonText(got ?? null)} for ${jsonText(json ?? null)}`,
        ).toBe(true);
      }),
      { numRuns: 6 },
    );
  });

  test('64-bit integers are taken as numbers and as text, and keep every digit', async () => {
    for (const value of ['18446744073709551615', '"18446744073709551615"']) {
      expect((await post('mirror/echo-u64', `{"value":${value}}`)).text).toBe(
        '"18446744073709551615"',
      );
    }
    expect((await post('mirror/echo-s64', '{"value":"-5"}')).text).toBe('-5');
  });

  test('bytes go as base64, and as they are where they are alone', async () => {
    expect((await post('reverse', { bytes: 'AQID' })).json).toBe('AwIB');
    const raw = { 'content-type': 'application/octet-stream', accept: 'application/octet-stream' };
    const answer = await post('reverse', new Uint8Array([99, 98, 97]), raw);
    expect(answer).toMatchObject({ status: 200, text: 'abc' });
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('vary')).toBe('accept');
    expect(await post('mirror/echo-u8', new Uint8Array([1]), raw)).toMatchObject({
      status: 415,
      json: { code: 'media-type-unsupported' },
    });
  });

  test('a result that an interface uses from another is thrown or returned alike', async () => {
    expect(await post('odd/check', { value: { ok: 3 } })).toMatchObject({ status: 200, json: 3 });
    expect(await post('odd/check', { value: { err: 'no' } })).toMatchObject({
      status: 422,
      json: { error: 'no' },
    });
  });
});

describe('names', () => {
  test('an interface goes by its short and its full name', async () => {
    for (const path of [
      'mirror/echo-u8',
      `${MIRROR}/echo-u8`,
      `${encodeURIComponent(MIRROR)}/echo-u8`,
    ]) {
      expect(await post(path, { value: 7 })).toMatchObject({ status: 200, json: 7 });
    }
  });

  test('names that JavaScript reserves are names like others', async () => {
    expect((await post('odd/record', { type: 'a', self: 1, 'class-name': 'b' })).json).toBe(
      'a 1 b',
    );
    expect((await post('odd/then')).json).toBe('now');
  });

  test('what is left out is none, and no result is no content', async () => {
    expect((await post('defaults', { c: 'x' })).json).toBe('None None "x"');
    expect((await post('defaults', { a: 1, b: { some: null }, c: 'x' })).json).toBe(
      'Some(1) Some(None) "x"',
    );
    expect(await post('odd/nothing')).toMatchObject({ status: 204, text: '' });
  });
});

describe('what is wrong', () => {
  test.each<[string, unknown, object]>([
    ['add', { a: 1, b: 'two' }, { code: 'argument-invalid', path: '$.b', expected: 's32' }],
    ['add', { a: 1 }, { path: '$.b', problem: 'it is missing' }],
    ['add', { a: 1, b: 2, c: 3 }, { path: '$.c' }],
    ['add', [1, 2], { path: '$' }],
    ['mirror/echo-point', { value: { x: 1, y: null } }, { path: '$.value.y', expected: 'f64' }],
    [
      'mirror/echo-reading',
      { value: { tag: 'list-of', val: [1, 65536] } },
      { path: '$.value.val[1]', expected: 'u16' },
    ],
    ['mirror/echo-side', { value: 'west' }, { path: '$.value', expected: 'side' }],
    ['mirror/echo-string', '{"value": "\\ud800"}', { path: '$.value', expected: 'string' }],
    ['add', '{"a": 1,', { code: 'arguments-not-json' }],
  ])('%s of %j is 400', async (path, args, problem) => {
    const answer = await post(path, args);
    expect(answer).toMatchObject({ status: 400, json: { status: 400, ...problem } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('an error of the function is 422 with its value', async () => {
    expect(await post('divide', { dividend: 1, divisor: 0 })).toMatchObject({
      status: 422,
      json: { code: 'function-error', error: '1 cannot be divided by 0' },
    });
  });

  test('a trap is 500, and the next call is well', async () => {
    expect(await post('odd/crash', { message: 'boom' })).toMatchObject({
      status: 500,
      json: { code: 'guest-trapped' },
    });
    expect((await post('add', { a: 1, b: 2 })).json).toBe(3);
  });

  test('an unknown function is 404 with the list and the nearest', async () => {
    const { status, json } = await post('mirror/echo-u9', {});
    expect({ status, code: json.code, near: json.didYouMean }).toEqual({
      status: 404,
      code: 'export-unknown',
      near: expect.stringMatching(/^mirror\/echo-/),
    });
    expect(json.functions).toContain('add');
    expect((await ask('POST', '/fn/typed/%E0%A4%A')).status).toBe(404);
  });

  test('GET and HEAD of a function are 405', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const answer = await ask(method, '/fn/typed/add');
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  test('too large arguments are 413, and a too large result is 500', async () => {
    expect(
      (await post('mirror/echo-string', { value: 'x'.repeat(2000) }, {}, 'small')).status,
    ).toBe(413);
    expect((await post('mirror/echo-string', { value: 'x'.repeat(2 ** 24) })).json.code).toBe(
      'arguments-too-large',
    );
    expect((await post('odd/text', { count: 2000 }, {}, 'small')).json.code).toBe(
      'result-too-large',
    );
    expect((await post('odd/bytes', { count: 100_000_000 })).json.code).toBe('result-too-large');
  });

  test('text is no JSON', async () => {
    expect((await post('add', '{"a":1,"b":2}', { 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('resources', () => {
  const make = async (
    start: number,
    headers: Readonly<Record<string, string>> = {},
    name = 'typed',
  ) => {
    const { json, headers: given } = await post(`${COUNTERS}/counter`, { start }, headers, name);
    return { handle: json.handle as string, session: given.get('selvedge-session') as string };
  };

  test('live between calls, in the instance of their session', async () => {
    const { handle, session } = await make(5);
    expect((await post('counters/counter/add', { self: handle, by: 3 })).json).toBe(8);
    expect((await post('counters/counter/get', { self: handle })).json).toBe(8);
    expect(await post('counters/counter/add', { self: handle, by: -9 })).toMatchObject({
      status: 422,
      json: { error: { tag: 'underflow' } },
    });
    const merged = (await post('counters/counter/merge', { left: handle, right: handle })).json;
    expect((await post('counters/total', { of: [handle, merged] })).json).toBe(24);
    const headers = { 'selvedge-session': session };
    expect((await post('counters/calls', {}, headers)).json).toBe(1);
    expect((await post('counters/calls', {}, headers)).json).toBe(2);
    expect((await post('counters/calls', {})).json).toBe(1);
    expect(await post('counters/counter/try-new', { start: -1 })).toMatchObject({
      status: 422,
      json: { error: 'a counter cannot begin at -1' },
    });
  });

  test('are gone once they are given away or dropped, and with the last the session', async () => {
    const { handle, session } = await make(1);
    const { json: others } = await post(
      'counters/make',
      { count: 2 },
      { 'selvedge-session': session },
    );
    expect((await post('counters/finish', { the: handle })).json).toBe(1);
    expect(await post('counters/counter/get', { self: handle })).toMatchObject({
      status: 400,
      json: { path: '$.self', expected: 'borrow<counter>' },
    });
    for (const each of others)
      expect((await ask('DELETE', `/fn/typed/counters/counter/${each}`)).status).toBe(204);
    expect(await post('counters/counter/get', { self: others[0] })).toMatchObject({
      status: 404,
      json: { code: 'session-unknown' },
    });
    expect((await ask('DELETE', `/fn/typed/counters/counter/${others[0]}`)).status).toBe(404);
  });

  test('of one list are dropped one by one', async () => {
    const { json: handles } = await post('counters/make', { count: 3 });
    for (const [index, self] of handles.entries())
      await post('counters/counter/add', { self, by: index });
    expect((await ask('DELETE', `/fn/typed/counters/counter/${handles[0]}`)).status).toBe(204);
    expect((await post('counters/counter/get', { self: handles[0] })).json.code).toBe(
      'argument-invalid',
    );
    expect((await post('counters/counter/get', { self: handles[1] })).json).toBe(1);
    expect((await post('counters/counter/get', { self: handles[2] })).json).toBe(2);
  });

  test('are not lost to a wrong argument beside them', async () => {
    const { handle } = await make(1);
    expect((await post('counters/counter/add', { self: handle, by: 'x' })).status).toBe(400);
    expect((await post('counters/finish', { the: handle, more: 1 })).status).toBe(400);
    expect((await post('counters/counter/get', { self: handle })).json).toBe(1);
  });

  test('are their owner’s: not of other credentials, sessions or functions', async () => {
    const mine = { authorization: 'Bearer mine' };
    const { handle } = await make(1, mine);
    const { handle: other } = await make(2);
    expect((await post('counters/counter/get', { self: handle }, mine)).json).toBe(1);
    expect((await post('counters/counter/get', { self: handle })).json.code).toBe(
      'session-unknown',
    );
    expect(
      (await post('counters/counter/get', { self: handle }, { authorization: 'Bearer yours' })).json
        .code,
    ).toBe('session-unknown');
    expect((await post('counters/counter/get', { self: other }, {}, 'small')).json.code).toBe(
      'session-unknown',
    );
    const { handle: third } = await make(3);
    expect((await post('counters/counter/merge', { left: other, right: third })).json.code).toBe(
      'sessions-mixed',
    );
    expect((await post('counters/counter/get', { self: `${other.slice(0, -1)}9` })).json.code).toBe(
      'argument-invalid',
    );
  });

  test('are capped, and their places come back', async () => {
    const handles = [await make(1, {}, 'small'), await make(2, {}, 'small')].map(
      (each) => each.handle,
    );
    expect(await post('counters/counter', { start: 3 }, {}, 'small')).toMatchObject({
      status: 503,
      json: { code: 'sessions-full' },
    });
    await ask('DELETE', `/fn/small/counters/counter/${handles[0]}`);
    expect((await post('counters/counter', { start: 3 }, {}, 'small')).status).toBe(200);
  });

  test('end with a trap', async () => {
    const { handle, session } = await make(1);
    expect(
      (await post('odd/crash', { message: 'x' }, { 'selvedge-session': session })).status,
    ).toBe(500);
    expect((await post('counters/counter/get', { self: handle })).json.code).toBe(
      'session-unknown',
    );
  });
});

describe('the OpenAPI document', () => {
  test('has every function, the named types, and the doc comments', async () => {
    const { json } = await ask('GET', '/fn/typed/openapi.json');
    expect(json).toMatchObject({
      openapi: '3.1.0',
      servers: [{ url: '/fn/typed' }],
      paths: {
        '/add': { post: { summary: 'Adds two numbers.', 'x-wit': 'add(a: s32, b: s32) -> s32' } },
        '/counters/counter/add': { post: { description: 'Adds `by`, and gives the sum.' } },
        '/counters/counter/{handle}': { delete: {} },
        '/mirror/echo-point': {
          post: {
            requestBody: {
              content: {
                'application/json': {
                  schema: { properties: { value: { $ref: '#/components/schemas/mirror.point' } } },
                },
              },
            },
          },
        },
      },
      components: {
        schemas: {
          'mirror.point': {
            description: 'A point on a map.',
            properties: { x: { description: 'Metres to the east.' } },
          },
        },
      },
    });
    const references = [...JSON.stringify(json).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name as string,
    );
    expect(references.filter((name) => !(name in json.components.schemas))).toEqual([]);
    expect((await ask('HEAD', '/fn/typed/openapi.json')).status).toBe(200);
    expect((await ask('POST', '/fn/typed/openapi.json')).headers.get('allow')).toBe('GET, HEAD');
  });
});

describe('WAVE', () => {
  test.each([
    ['add(1, 2)', '3'],
    ['divide(7, 2)', 'ok(3)'],
    ['greet("Ada")', '"Hello, Ada!"'],
    ['mirror/echo-u8(1)', '1'],
    ['selvedge:typed/mirror.echo-side@0.1.0(far-west)', 'far-west'],
    ['echo-point({x: -0, y: nan})', '{x: -0, y: nan}'],
    ['nothing()', '()'],
  ])('%s is %s', async (call, wave) => {
    expect(await invoke(call)).toMatchObject({ status: 200, json: { wave } });
  });

  test('errors are as over the edge', async () => {
    expect(await invoke('divide(1, 0)')).toMatchObject({
      status: 422,
      json: { code: 'function-error', wave: 'err("1 cannot be divided by 0")' },
    });
    expect(await invoke('add(1, 2')).toMatchObject({ status: 400, json: { code: 'wave-invalid' } });
    expect(await invoke('add(1, 99999999999)')).toMatchObject({
      status: 400,
      json: { code: 'argument-invalid', path: '$.b' },
    });
    expect(await invoke('total([])')).toMatchObject({
      status: 404,
      json: { code: 'export-unknown' },
    });
    const response = await host.api('POST', '/v1/functions/hello/call', { body: '{"wave":"a()"}' });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      409,
      'not-typed',
    ]);
  });

  test('selvedge invoke prints it', async () => {
    const command = [join(root, 'scripts', 'selvedge.mjs'), 'invoke', 'typed', 'add(1, 2)'];
    const env = { PATH: process.env['PATH'] ?? '', SELVEDGE_ADMIN_TOKEN: host.token };
    const ran = await promisify(execFile)(process.execPath, [...command, '--admin', host.admin], {
      env,
    });
    expect(ran.stdout).toBe('3\n');
  });

  test('the admin API wants its token, and JSON of the right shape', async () => {
    expect(
      (
        await fetch(`${host.admin}/v1/functions/typed/call`, {
          method: 'POST',
          body: '{"wave":"add(1,2)"}',
        })
      ).status,
    ).toBe(401);
    for (const body of ['{', '{}', '{"wave":1}', '{"wave":"add(1,2)","more":1}']) {
      expect((await host.api('POST', '/v1/functions/typed/call', { body })).status).toBe(400);
    }
    const args = await host.api('POST', '/v1/functions/typed/call', {
      body: '{"path":"add","args":{"a":1,"b":2}}',
    });
    expect(await args.json()).toEqual({ json: 3 });
  });

  const wasmtime = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    join(homedir(), '.cargo', 'bin'),
  ]
    .map((each) => join(each, 'wasmtime'))
    .find((each) => existsSync(each));

  describe.skipIf(wasmtime === undefined)(
    'gives what wasmtime run --invoke gives (skipped where wasmtime is not on the PATH)',
    () => {
      test.each(echoes)('%s', async (name, echo) => {
        const type = typeOf(echo);
        for (const json of fc.sample(
          anyJson(type).filter((each) => !/[^\x20-\x7e]/.test(JSON.stringify(each))),
          { numRuns: 2, seed: 7 },
        )) {
          const call = `${name}(${toWave(type, parseJson(jsonText(json ?? null)))})`;
          const { stdout } = await promisify(execFile)(wasmtime as string, [
            'run',
            '--invoke',
            call,
            fixture('typed'),
          ]);
          const { json: answer } = await invoke(call);
          expect(answer.wave, call).toBe(stdout.trimEnd());
        }
      });
    },
  );
});

test('the page to try calls from is static, and may run its own script only', async () => {
  const page = await fetch(`${host.admin}/try`);
  expect([page.status, page.headers.get('content-type')]).toEqual([
    200,
    'text/html; charset=utf-8',
  ]);
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'/,
  );
  expect(await page.text()).not.toMatch(/https?:\/\/|<script>|style=|\son\w+=/);
  for (const file of ['script.js', 'style.css'])
    expect((await fetch(`${host.admin}/try/${file}`)).status).toBe(200);
});
