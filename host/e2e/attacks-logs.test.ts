/** ATTACKS.md group D: what guests write, and a log that cannot be written. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { residentBytes, startHost, type LogLine, type TestHost } from './harness.ts';
import {
  BYSTANDER,
  checkDescriptors,
  checkHealth,
  descriptors,
  edgeLine,
  newTrace,
} from './health.ts';

const MIB = 2 ** 20;

let host: TestHost;
let open: number;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  host = started.use(await startHost());
  await host.deploy(BYSTANDER, 'hello');
  await host.deploy('flood', 'flood');
  await checkHealth(host);
  open = await descriptors(host);
}, 120_000);
afterAll(() => started.disposeAsync());

/** A request to the flood guest: its answer, and the lines of its trace. */
async function flood(
  path: string,
): Promise<{ readonly body: unknown; readonly lines: readonly LogLine[] }> {
  const trace = newTrace();
  const answer = await fetch(`${host.edge}/fn/flood${path}`, { headers: trace.headers });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  await edgeLine(host, trace.traceId);
  await checkHealth(host);
  await checkDescriptors(host, open);
  return {
    body: text.startsWith('{') ? JSON.parse(text) : text,
    lines: host.log.filter((line) => line['trace_id'] === trace.traceId),
  };
}

const hex = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('hex');
const guestLines = (lines: readonly LogLine[]) =>
  lines.filter((line) => line['source'] === 'guest');

describe('D1: a flood', () => {
  it.each(['stdout', 'stderr'])(
    'on %s is cut to what a function may log, marked, and kept nowhere',
    async (stream) => {
      const before = await residentBytes(host.pid);
      const { body, lines } = await flood(`/${stream}?bytes=${32 * MIB}`);
      expect(body).toEqual({ written: 32 * MIB });
      const written = lines.reduce((sum, line) => sum + JSON.stringify(line).length, 0);
      expect(written).toBeGreaterThan(1000);
      expect(written).toBeLessThan(4 * MIB);
      await host.logged(
        (line) => line['function'] === 'flood' && Number(line['dropped_bytes']) > 16 * MIB,
        'the line that tells how much was dropped',
      );
      expect((await residentBytes(host.pid)) - before).toBeLessThan(128 * MIB);
    },
    60_000,
  );
  it('of one line without an end is cut, and says so', async () => {
    const { lines } = await flood(`/long-line?bytes=${8 * MIB}`);
    const cut = guestLines(lines).filter(
      (line) => line['truncated'] === true || line['dropped_bytes'] !== undefined,
    );
    expect(cut.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(64 * 1024);
  });
});

describe('D2: text that would be more than text', () => {
  const forged = JSON.stringify({
    level: 'error',
    ts: '2020-01-01T00:00:00.000000000Z',
    msg: 'forged',
    request_id: 'forged',
  });
  it.each([
    ['a line of JSON', `${forged}\n`],
    ['a line of JSON after CR', `x\r${forged}\n`],
    ['a line of JSON after U+2028', `x\u2028${forged}\n`],
    ['a line of JSON after NEL, VT and FF', `x\u0085\v\f${forged}\n`],
    ['what closes the JSON string', `x","msg":"forged","a":"\n`],
    ['ANSI', '\u001B[2J\u001B]0;forged\u0007\u009B31m\n'],
    ['text that is turned around', 'x\u202E\u2066degrof\n'],
    ['NUL and DEL', 'x\0\x7F\n'],
  ])('is one record, escaped: %s', async (_, text) => {
    for (const to of ['', '&to=stderr']) {
      const { lines } = await flood(`/raw?hex=${hex(text)}${to}`);
      const records = guestLines(lines);
      expect(records.length).toBe(1);
      expect(String(records[0]?.['msg'])).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(records[0]).toMatchObject({
        function: 'flood',
        source: 'guest',
        stream: to === '' ? 'stdout' : 'stderr',
      });
      expect(lines.length).toBe(2);
    }
    expect(
      host.log.some((line) => line['msg'] === 'forged' || line['request_id'] === 'forged'),
    ).toBe(false);
    expect(host.noise).toEqual([]);
  });
  it('is shown with U+FFFD where it is no UTF-8', async () => {
    const { lines } = await flood(
      `/raw?hex=${hex(Uint8Array.from([0x61, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x0a]))}`,
    );
    expect(guestLines(lines)).toHaveLength(1);
    expect(guestLines(lines)[0]?.['msg']).toMatch(/^a\uFFFD+\(\uFFFD+$/);
  });
});

describe('D3: secrets', () => {
  it('keeps the token of the host out of what a guest prints', async () => {
    const { lines } = await flood(`/raw?hex=${hex(`token ${host.token} end\n`)}`);
    expect(guestLines(lines)).toHaveLength(1);
    expect(JSON.stringify(host.log)).not.toContain(host.token);
  });
  it('keeps it out of the lines of requests that carry it in the wrong place', async () => {
    const trace = newTrace();
    await fetch(`${host.edge}/fn/${BYSTANDER}/${host.token}?token=${host.token}`, {
      headers: { ...trace.headers, authorization: `Bearer ${host.token}` },
    });
    await edgeLine(host, trace.traceId);
    const answer = await fetch(`${host.admin}/v1/functions/${host.token}?token=${host.token}`, {
      headers: { authorization: host.token },
    });
    const id = answer.headers.get('x-request-id');
    await host.logged((line) => line['request_id'] === id, 'the line of the refused request');
    expect(JSON.stringify(host.log)).not.toContain(host.token);
    await checkHealth(host);
  });
});

describe('D4: a log that cannot be written', () => {
  const sinks: Readonly<Record<string, (directory: string) => number>> = {
    'a pipe that nobody reads': (directory) => {
      const fifo = join(directory, 'fifo');
      execFileSync('mkfifo', [fifo]);
      // Both ends, so that it is there, open, and never read.
      return openSync(fifo, 'r+');
    },
    'a disk that is full': () => openSync('/dev/full', 'w'),
  };
  for (const [what, makeSink] of Object.entries(sinks)) {
    it(`is no reason not to serve, nor to end: ${what}`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'selvedge-sink-'));
      const logTo = makeSink(directory);
      try {
        await using blocked = await startHost({ logTo });
        await blocked.deploy('flood', 'flood', { limits: { log: '64MiB', logTotal: '1MiB' } });
        const before = await residentBytes(blocked.pid);
        for (let each = 0; each < 8; each++) {
          const answer = await fetch(`${blocked.edge}/fn/flood/stdout?bytes=${MIB}`);
          expect(await answer.json()).toEqual({ written: MIB });
        }
        const answers = await Promise.all(
          Array.from({ length: 200 }, () =>
            fetch(`${blocked.edge}/fn/flood/none`).then(async (each) => [
              each.status,
              await each.text(),
            ]),
          ),
        );
        expect(new Set(answers.map(([status]) => status)).size).toBe(1);
        expect(await residentBytes(blocked.pid)).toBeLessThan(before + 256 * MIB);
        expect((await blocked.put('good', 'hello')).status).toBe(201);
        expect((await fetch(`${blocked.edge}/fn/good/`)).status).toBe(200);
        expect(await blocked.stop()).toBe(0);
      } finally {
        closeSync(logTo);
        await rm(directory, { recursive: true });
      }
    }, 90_000);
  }
});
