import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Wire } from './client.ts';
import { startHost, type TestHost } from './harness.ts';
import {
  BYSTANDER,
  checkBystander,
  checkDescriptors,
  checkHealth,
  descriptors,
  edgeLine,
  newTrace,
} from './health.ts';

let host: TestHost;
let before: number;
const started = new AsyncDisposableStack();
const ISOLATIONS = ['request', 'instance'] as const;

beforeAll(async () => {
  host = started.use(await startHost());
  await host.deploy(BYSTANDER, 'hello');
  for (const isolation of ISOLATIONS) {
    for (const guest of ['trap', 'crooked']) {
      await host.deploy(`${guest}-${isolation}`, guest, {
        grants: { poll: true },
        isolation,
        limits: { timeout: '400ms' },
      });
    }
  }
  await checkHealth(host);
  before = await descriptors(host);
}, 120_000);
afterAll(() => started.disposeAsync());

/** The bytes that one request gets until its connection ends, and the code of its line in the log. */
async function ask(path: string): Promise<{ readonly bytes: string; readonly code: unknown }> {
  const { traceId, headers } = newTrace();
  using wire = await Wire.open(host.edge);
  wire.write(
    `GET /fn/${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntraceparent: ${headers.traceparent}\r\n\r\n`,
  );
  const bytes = await wire.ended();
  return { bytes, code: (await edgeLine(host, traceId))['code'] };
}

/** Whether a client takes it for complete (RFC 9112 section 8). */
function isWhole(bytes: string): boolean {
  const [head = '', ...rest] = bytes.split('\r\n\r\n');
  if (rest.length === 0) return false;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  return length === undefined
    ? bytes.endsWith('0\r\n\r\n')
    : rest.join('\r\n\r\n').length === Number(length);
}

/** A problem document, whole, of this code, that names nothing of the host. */
function expectProblem(bytes: string, status: number, code: string): void {
  const [head = '', body = ''] = bytes.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toContain('\r\ncontent-type: application/problem+json\r\n');
  expect(isWhole(bytes)).toBe(true);
  expect(JSON.parse(body)).toMatchObject({
    code,
    status,
    type: `https://selvedge.dev/problems/${code}`,
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(body).not.toMatch(/\.(?:ts|js|mjs)\b|node:|file:| at \w+ \(|\/(?:work|tmp|home|usr)\//);
  expect(body).not.toContain(host.data);
}

const FAILS: readonly (readonly [path: string, status: number, code: string])[] = [
  ...['unreachable', 'panic', 'oob', 'div0', 'abort', 'stack', 'shadow-stack', 'before'].map(
    (path) => [`trap-*/${path}`, 500, 'guest-trapped'] as const,
  ),
  ['trap-*/exit?code=3', 500, 'guest-exited'],
  ['trap-*/exit?code=0', 500, 'guest-exited'],
  ['crooked-*/never', 500, 'guest-no-response'],
  ['crooked-*/drop-outparam', 500, 'guest-no-response'],
  ['crooked-*/error-code?error=connection-refused', 500, 'guest-error'],
  ['crooked-*/error-code?error=loop-detected', 500, 'guest-error'],
  ['crooked-*/error-code?error=any', 500, 'guest-error'],
  ['crooked-*/sleep-forever', 504, 'timeout'],
  ['crooked-*/many-headers?n=10000', 500, 'limit-exceeded'],
  ['crooked-*/big-header?bytes=1000000', 500, 'limit-exceeded'],
  ...[
    'bad-content-length',
    'bad-content-length?value=-1',
    'bad-content-length?value=5,5',
    'bad-content-length?value=0x5',
    'dup-content-length',
  ].map(
    // The host refuses the header, and the guest panics over it.
    (path) => [`crooked-*/${path}`, 500, 'guest-trapped'] as const,
  ),
  ...[100, 101, 103, 199].map(
    (status) => [`crooked-*/informational?code=${status}`, 500, 'guest-error'] as const,
  ),
];

const BREAKS: readonly (readonly [path: string, code: string])[] = [
  ['trap-*/after-headers', 'guest-trapped'],
  ['crooked-*/hang', 'timeout'],
  ['crooked-*/dropped-part', 'guest-response-unfinished'],
  ['crooked-*/no-body', 'guest-response-unfinished'],
  ['crooked-*/too-much', 'guest-response-unfinished'],
  ['crooked-*/too-little', 'guest-response-unfinished'],
  ['crooked-*/too-little-dropped', 'guest-response-unfinished'],
  ['crooked-*/finish-early', 'guest-trapped'],
  ['crooked-*/late-status', 'guest-trapped'],
  ['crooked-*/trailers?name=content-length&value=5', 'guest-response-unfinished'],
];

describe.each(ISOLATIONS)('isolation %s', (isolation) => {
  const of = (path: string) => path.replace('*', isolation);

  test.each(FAILS)(
    '%s: a problem, twice, and the next requests are served',
    async (path, status, code) => {
      for (let round = 0; round < 2; round += 1) {
        const answer = await ask(of(path));
        expectProblem(answer.bytes, status, code);
        expect(answer.code).toBe(code);
      }
      await expectServed(of(path));
    },
  );

  test.each(BREAKS)(
    '%s: a response that has begun breaks off, twice, and the next requests are served',
    async (path, code) => {
      for (let round = 0; round < 2; round += 1) {
        const { bytes, code: logged } = await ask(of(path));
        expect(bytes).toMatch(/^(?:HTTP\/1\.1 200 |$)/);
        expect(isWhole(bytes)).toBe(false);
        expect(bytes.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
        expect(logged).toBe(code);
      }
      await expectServed(of(path));
    },
  );

  test('a trap after the whole response leaves the response whole, and is told in the log', async () => {
    const { bytes, code } = await ask(of('crooked-*/twice-set'));
    expect(bytes).toContain('first\n');
    expect(isWhole(bytes)).toBe(true);
    expect(code).toBe('guest-trapped');
    await expectServed(of('crooked-*/twice-set'));
  });

  test('a response whose body was never asked for is empty and whole', async () => {
    const { bytes, code } = await ask(of('crooked-*/unwritten'));
    expect(bytes).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n0\r\n\r\n$/);
    expect(code).toBeUndefined();
  });

  const refusals: readonly (readonly [path: string, refusal: string])[] = [
    ['twice', '{"body":"refused","stream":"refused","consume":"refused","input":"refused"}'],
    ['immutable', '{"error":"immutable"}'],
    ...[0, 99, 600, 999, 1000, 65_535].map(
      (status) => [`bad-status?code=${status}`, `{"code":${status},"set":false}`] as const,
    ),
    ['trailers?name=transfer-encoding&value=chunked', '{"error":"forbidden"}'],
    ['trailers?value=a%0d%0ab', '{"error":"invalid-syntax"}'],
  ];
  test.each(refusals)(
    'crooked /%s is refused in the guest, which answers',
    async (path, refusal) => {
      const { bytes, code } = await ask(`crooked-${isolation}/${path}`);
      expect(bytes).toContain(`${refusal}\n`);
      expect(isWhole(bytes)).toBe(true);
      expect(code).toBeUndefined();
    },
  );
});

test('no header with CR, LF, NUL or a name that is none is taken of a guest', async () => {
  const { bytes } = await ask('crooked-request/crlf');
  const tries = JSON.parse(/\[\{.*\}\]/s.exec(bytes)?.[0] ?? '') as {
    name: string;
    value: string;
    error: string | null;
  }[];
  const bad = tries.filter(
    ({ name, value }) =>
      /[\r\n\0]/.test(name + value) || !/^[!#$%&'*+\-.^_`|~0-9a-zA-Z]+$/.test(name),
  );
  expect(bad.length).toBeGreaterThan(5);
  for (const each of bad) expect(each).toMatchObject({ error: 'invalid-syntax' });
});

test('the headers of the connection cannot be set by a guest', async () => {
  const { bytes } = await ask('crooked-request/forbidden-headers');
  for (const name of [
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'proxy-connection',
    'transfer-encoding',
    'upgrade',
    'host',
    'http2-settings',
  ]) {
    expect(bytes).toContain(`{"name":"${name}","value":"1","error":"forbidden"}`);
  }
});

test('nothing of the failures is left behind', async () => {
  await checkHealth(host);
  await checkDescriptors(host, before);
  expect(host.log.filter((line) => line['code'] === 'internal')).toEqual([]);
});

/** The same function, and another one. */
async function expectServed(path: string): Promise<void> {
  const [name] = path.split('/');
  expect(await (await fetch(`${host.edge}/fn/${name}/fine`)).text()).toBe('ok\n');
  await checkBystander(host);
}
