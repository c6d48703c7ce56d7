import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { send, valuesOf, type Answer } from './client.ts';
import { fixture, startHost, type LogLine, type TestHost } from './harness.ts';
import { runCli } from './run-cli.ts';

// Whole processes start in here, and machines are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let host: TestHost;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  host = started.use(await startHost());
  await host.deploy('typed', 'as-typed');
  await host.deploy('shared', 'as-typed', { isolation: 'instance' });
  await host.deploy('small', 'as-typed', {
    isolation: 'instance',
    limits: { memory: '1MiB', response: '64KiB' },
  });
  await host.deploy('handle', 'as-handle');
  await host.deploy('clock', 'as-clock', { grants: { random: true, clocks: ['wall'] } });
});
afterAll(() => started.disposeAsync());

function call(path: string, args: unknown, type = 'application/json'): Promise<Answer> {
  return send(`${host.edge}/fn/${path}`, {
    method: 'POST',
    headers: ['content-type', type],
    body: typeof args === 'string' ? args : JSON.stringify(args),
  });
}

describe('functions', () => {
  test.each([
    ['add', { a: 40, b: 2 }, '42'],
    ['add', [40], '41'],
    ['echoString', { value: 'grüße ☃ \u0000' }, '"grüße ☃ \\u0000"'],
    ['echoBool', { value: true }, 'true'],
    ['echoU64', { value: '18446744073709551615' }, '"18446744073709551615"'],
    ['echoF64', { value: 'NaN' }, '"NaN"'],
    ['echoBytes', { value: [0, 255] }, '[0,255]'],
    ['echoBuffer', { value: 'AAH/' }, '"AAH/"'],
    ['echoFloat32s', { value: [1.5, -2] }, '[1.5,-2]'],
    ['echoNested', { value: [[1, 2], []] }, '[[1,2],[]]'],
    ['echoMaybe', { value: null }, 'null'],
    ['range', { from: 1, to: 4 }, '[1,2,3]'],
    [
      'longest',
      {
        path: {
          name: 'p',
          points: [
            { x: 1, y: 1 },
            { x: 3, y: 4, label: 'far' },
          ],
          weights: [],
        },
      },
      '{"x":3,"y":4,"label":"far"}',
    ],
  ])('%s of %j is %s', async (name, args, expected) => {
    const { status, text, headers } = await call(`typed/${name}`, args);
    expect([status, text]).toEqual([200, expected]);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
    });
  });

  test('take integers of 64 bits with all their digits', async () => {
    expect((await call('typed/echoI64', '{"value":9007199254740993}')).text).toBe(
      '"9007199254740993"',
    );
  });

  test('without a result answer 204, and without parameters need no body', async () => {
    expect(await call('typed/say', { message: 'hello' })).toMatchObject({ status: 204, text: '' });
    const none = await send(`${host.edge}/fn/typed/count`, { method: 'POST' });
    expect([none.status, none.text]).toEqual([200, '1']);
  });

  test('see the state of the one before only with isolation = "instance"', async () => {
    for (const [name, expected] of [
      ['typed', ['1', '1']],
      ['shared', ['1', '2']],
    ] as const) {
      const counts = [await call(`${name}/count`, {}), await call(`${name}/count`, {})];
      expect(counts.map((each) => each.text)).toEqual(expected);
    }
  });

  test('refuse a wrong argument with its path and type', async () => {
    const answer = await call('typed/echoPath', {
      value: { name: 'p', points: [{ x: 'one', y: 1 }], weights: [] },
    });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toMatchObject({
      code: 'argument-invalid',
      path: '$.value.points[0].x',
      expected: 'f64',
    });
  });

  test.each([
    ['{"a":', 'application/json', 400, 'arguments-not-json'],
    ['[[[[', 'application/json', 400, 'arguments-not-json'],
    ['"\ud800', 'application/json', 400, 'arguments-not-json'],
    ['{"a":1}', 'text/plain', 415, 'media-type-unsupported'],
  ])('refuse the body %s of %s', async (body, type, status, code) => {
    const answer = await call('typed/add', body, type);
    expect([answer.status, answer.json()['code']]).toEqual([status, code]);
  });

  test('that are not there are 404, those that cannot be called 422, other methods 405', async () => {
    expect((await call('typed/missing', {})).json()).toMatchObject({
      status: 404,
      code: 'export-unknown',
    });
    expect((await call('typed/__new', {})).json()).toMatchObject({
      status: 404,
      code: 'export-unknown',
    });
    expect((await call('typed/hide', { value: 1 })).json()).toMatchObject({
      status: 422,
      code: 'export-not-callable',
    });
    const get = await send(`${host.edge}/fn/typed/add`);
    expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
  });

  test('that abort answer 500 with message, file and line, and the next call is served', async () => {
    const answer = await call('shared/fail', { message: 'no such luck' });
    expect(answer.json()).toMatchObject({
      status: 500,
      code: 'guest-aborted',
      reason: 'no such luck',
      file: 'samples/as-typed.ts',
      line: expect.any(Number),
      detail: expect.stringMatching(
        /^the guest aborted: no such luck at samples\/as-typed\.ts:\d+:\d+$/,
      ),
    });
    expect((await call('typed/crash', {})).json()).toMatchObject({
      status: 500,
      code: 'guest-trapped',
    });
    expect((await call('typed/circle', {})).json()).toMatchObject({
      status: 500,
      code: 'guest-trapped',
    });
    expect((await call('shared/add', [1, 2])).text).toBe('3');
  });

  test('are held to the memory and the response of their limits', async () => {
    expect((await call('small/litter', { bytes: 8 * 2 ** 20 })).json()).toMatchObject({
      status: 500,
    });
    expect((await call('small/doubling', { levels: 1 })).json()).toMatchObject({
      status: 500,
      code: 'result-too-large',
    });
    expect((await call('small/add', [1, 2])).text).toBe('3');
  });

  test('log what they trace and print', async () => {
    await call('typed/say', { message: 'from the guest\nand on' });
    const own = (line: LogLine) => line['function'] === 'typed' && 'stream' in line;
    await host.logged(
      (line) => own(line) && line['msg'] === 'and on' && line['stream'] === 'stderr',
      'the last line',
    );
    const said = host.log.filter(
      (line) => own(line) && /from the guest|and on/.test(String(line['msg'])),
    );
    expect(said.map((line) => [line['stream'], line['msg']])).toEqual([
      ['stderr', 'trace: from the guest'],
      ['stderr', 'and on 1.5, -3'],
      ['stdout', 'from the guest'],
      ['stdout', 'and on'],
      ['stderr', 'from the guest'],
      ['stderr', 'and on'],
    ]);
  });

  test('called 5,000 times leave the instance as large as it was', async () => {
    const body = {
      value: { name: 'p', points: [{ x: 1, y: 2, label: 'x'.repeat(1000) }], weights: [1, 2, 3] },
    };
    // Of 1 MiB, each call takes some kilobytes: without collection it would be over after a few hundred.
    for (let round = 0; round < 50; round++) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => call('small/echoPath', body)),
      );
      expect(answers.every((each) => each.status === 200)).toBe(true);
    }
  });
});

describe('the document', () => {
  test('says what can be called, with the comments of the source', async () => {
    const { status, headers, text } = await send(`${host.edge}/fn/typed/openapi.json`);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    const document = JSON.parse(text) as {
      paths: Record<string, { post: Record<string, unknown> }>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/fn/typed' }] });
    expect(document.paths['/add']?.post).toMatchObject({
      operationId: 'add',
      summary: 'Adds two numbers.',
      'x-assemblyscript': 'add(a: i32, b?: i32): i32',
      requestBody: {
        content: {
          'application/json': {
            schema: {
              required: ['a'],
              properties: { a: { type: 'integer', minimum: -2147483648 } },
            },
          },
        },
      },
    });
    expect(document.paths['/hide']).toBeUndefined();
    expect(document.components.schemas['Point']).toMatchObject({
      description: 'A point of the plane.',
      required: ['x', 'y'],
    });
    const references = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name as string,
    );
    expect(references.filter((name) => !(name in document.components.schemas))).toEqual([]);
  });
});

describe('whole requests', () => {
  test('reach handle, and its response the client', async () => {
    const body = Buffer.from([0, 1, 2, 255]);
    const answer = await send(`${host.edge}/fn/handle/echo?x=1`, {
      method: 'PUT',
      headers: ['content-type', 'x/y'],
      body,
    });
    expect([answer.status, answer.body]).toEqual([200, body]);
    expect(answer.headers).toMatchObject({ 'content-type': 'x/y', 'content-length': '4' });
    expect(valuesOf(answer.rawHeaders, 'x-one')).toEqual(['a', 'b']);
    expect((await send(`${host.edge}/fn/handle/some/where?a=b`)).text).toBe(
      'GET /some/where?a=b http',
    );
    expect((await send(`${host.edge}/fn/handle/`, { method: 'HEAD' })).text).toBe('');
  });

  test.each([
    '/status?99',
    '/status?600',
    '/status?100',
    '/header',
    '/wide',
    '/framing',
    '/length',
  ])('a response that is none, at %s, is 500', async (path) => {
    const answer = await send(`${host.edge}/fn/handle${path}`);
    expect(answer.json()).toMatchObject({ status: 500, code: 'guest-bad-response' });
  });

  test('an abort is 500, any final status is sent', async () => {
    expect((await send(`${host.edge}/fn/handle/abort`)).json()).toMatchObject({
      code: 'guest-aborted',
      reason: 'no such luck',
    });
    expect((await send(`${host.edge}/fn/handle/status?418`)).status).toBe(418);
    expect((await send(`${host.edge}/fn/handle/status?204`)).status).toBe(204);
  });

  test('a body that is too large is 413', async () => {
    const answer = await send(`${host.edge}/fn/handle/echo`, {
      method: 'POST',
      body: Buffer.alloc(17 * 2 ** 20),
    });
    expect(answer.json()).toMatchObject({ status: 413, code: 'body-too-large' });
  });
});

describe('grants', () => {
  test('refuse a module that needs more, with the lines that would do', async () => {
    const refused = await host.put('nothing', 'as-clock');
    expect(refused.status).toBe(422);
    const problem = (await refused.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({
      code: 'grants-missing',
      detail: expect.stringContaining(
        'imports env.seed (of Math.random), which no grant covers: add random = true',
      ),
    });
    expect(problem['fix']).toContain('add clocks = ["wall"]');
  });

  test('give the clocks and chance', async () => {
    const before = Date.now();
    const now = (await call('clock/now', {})).json<number>();
    expect(now).toBeGreaterThanOrEqual(before - 1);
    expect(now).toBeLessThanOrEqual(Date.now() + 1);
    expect((await call('clock/elapsed', {})).json<number>()).toBeGreaterThan(0);
    const chances = await Promise.all(
      Array.from({ length: 8 }, async () => (await call('clock/chance', {})).json<number>()),
    );
    expect(new Set(chances).size).toBe(8);
  });

  test('are shown by inspect', async () => {
    const { stdout } = await runCli(['inspect', fixture('as-clock'), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      lane: 'assemblyscript',
      callable: ['now(): i64', 'elapsed(): f64', 'chance(): f64'],
      imports: expect.arrayContaining([
        expect.objectContaining({
          name: 'env.seed',
          needs: 'grant',
          line: 'random = true',
          covered: false,
        }),
      ]),
    });
  });

  test('are no matter for a section that lies: the upload is refused', async () => {
    const bytes = await readFile(fixture('as-typed'));
    const at = bytes.indexOf('"name":"add","params":[{"name":"a","type":"i32"}');
    bytes.write('"name":"add","params":[{"name":"a","type":"i64"}', at);
    const refused = await host.put('lying', bytes);
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ code: 'invalid-module' });
  });
});
