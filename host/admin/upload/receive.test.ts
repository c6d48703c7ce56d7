import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { form, FORM_TYPE, startAdmin, TOKEN, WASM, type TestAdmin } from '../test-support.ts';

/** Only what is held counts as used. */
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

const MIB = 2 ** 20;
let admin: TestAdmin;
beforeEach(async () => {
  admin = await startAdmin({ limits: { uploadBytes: MIB } });
});
afterEach(() => admin[Symbol.asyncDispose]());

const PATH = '/v1/functions/f';
const wasm = { name: 'module', filename: 'f.wasm', type: 'application/wasm', body: WASM };
const config = (value: unknown) => ({
  name: 'config',
  filename: 'config.json',
  type: 'application/json',
  body: JSON.stringify(value),
});

const put = (body: Uint8Array | string, type = FORM_TYPE, headers: Record<string, string> = {}) =>
  admin.call('PUT', PATH, { headers: { 'content-type': type, ...headers }, body });
const head = (...headers: string[]) =>
  [
    `PUT ${PATH} HTTP/1.1`,
    `host: 127.0.0.1:${admin.port}`,
    `authorization: Bearer ${TOKEN}`,
    ...headers,
    '',
    '',
  ].join('\r\n');

/** Nothing is stored or staged, and the next upload works. */
async function unharmed(): Promise<void> {
  expect(admin.artifacts.open).toBe(0);
  expect(admin.registry.list()).toEqual([]);
  expect((await put(WASM, 'application/wasm')).status).toBe(201);
}

function opened(...pieces: (string | Uint8Array)[]): Socket {
  const socket = connect(admin.port, '127.0.0.1', () =>
    pieces.forEach((piece) => socket.write(piece)),
  );
  socket.on('error', () => undefined);
  return socket;
}

async function* endless(bytes: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(64 * 1024);
  yield WASM;
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
}

describe('forms', () => {
  it('takes the parts in any order, and reads the configuration', async () => {
    const parts = [
      config({
        grants: { poll: true },
        limits: { timeout: '2s' },
        isolation: 'instance',
        routes: ['GET /x'],
      }),
      wasm,
    ];
    for (const [index, order] of [parts, parts.toReversed()].entries()) {
      const reply = await put(form(order));
      expect(reply.status).toBe(201);
      expect(reply.json).toMatchObject({
        version: index + 1,
        size: WASM.length,
        grants: { poll: true },
        limits: { timeout: '2s' },
        isolation: 'instance',
        routes: ['/fn/f/*', 'GET /x'],
      });
    }
  });

  it('takes what fetch and curl send', async () => {
    const data = new FormData();
    data.set('config', '{"grants":{"random":true}}');
    data.set('module', new Blob([WASM]), '../../x');
    expect((await admin.call('PUT', PATH, { body: data })).json).toMatchObject({
      grants: { random: true },
    });
  });

  it('takes a module alone', async () => {
    expect((await put(form([wasm]))).status).toBe(201);
  });

  it('takes a form in chunks of one byte', async () => {
    const bytes = form([config({}), wasm]);
    const chunks = [...bytes].map((byte) =>
      Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]),
    );
    const text = await admin.raw(
      head(`content-type: ${FORM_TYPE}`, 'transfer-encoding: chunked', 'connection: close'),
      ...chunks,
      '0\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 201 /);
  });

  it('streams a module of many chunks unchanged', async () => {
    const body = Buffer.alloc(MIB - 10, 'x');
    body.set(WASM);
    const reply = await put(form([{ ...wasm, body }]));
    expect(reply.json.size).toBe(body.length);
    expect(Buffer.compare(await admin.registry.artifact(reply.json.sha256), body)).toBe(0);
    expect(admin.artifacts.largestChunk).toBeLessThanOrEqual(64 * 1024);
  });
});

describe('A4, A7: uploads of another kind', () => {
  it.each([
    ['text/plain', {}, 415, 'media-type-unsupported'],
    ['', {}, 415, 'media-type-unsupported'],
    ['application/json', {}, 415, 'media-type-unsupported'],
    ['application/wasm', { 'content-encoding': 'gzip' }, 415, 'content-encoding-unsupported'],
    [
      'application/wasm',
      { 'content-encoding': 'br, identity' },
      415,
      'content-encoding-unsupported',
    ],
    [FORM_TYPE, { 'content-encoding': 'deflate' }, 415, 'content-encoding-unsupported'],
  ])('%j with %o is %i %s', async (type, headers, status, code) => {
    const reply = await put(WASM, type, headers);
    expect([reply.status, reply.json.code]).toEqual([status, code]);
    await unharmed();
  });

  it.each(['', '\0', '\0as', '\x7fELF and more', 'PK\x03\x04....', '#!/bin/sh', '(module)'])(
    'refuses %j by its first bytes',
    async (body) => {
      for (const reply of [
        await put(body, 'application/wasm'),
        await put(form([{ ...wasm, body }])),
      ]) {
        expect([reply.status, reply.json.code]).toEqual([400, 'not-webassembly']);
      }
      await unharmed();
    },
  );

  it('takes identity', async () => {
    expect((await put(WASM, 'application/wasm', { 'content-encoding': 'identity' })).status).toBe(
      201,
    );
  });
});

describe('A6: uploads over the limit', () => {
  it('refuses by the length it says, before it is sent', async () => {
    const text = await admin.raw(
      head('content-type: application/wasm', `content-length: ${MIB + 1}`, 'expect: 100-continue'),
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toMatch(/\r\nconnection: close\r\n/i);
    expect(admin.artifacts.begun).toBe(0);
    await unharmed();
  });

  it('asks for the body of a client that waits to be asked', async () => {
    const socket = opened(
      head(
        'content-type: application/wasm',
        `content-length: ${WASM.length}`,
        'expect: 100-continue',
        'connection: close',
      ),
    );
    let text = '';
    socket.on('data', (chunk) => {
      if (text === '') socket.write(WASM);
      text += String(chunk);
    });
    await new Promise((resolve) => socket.on('close', resolve));
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n[^]*HTTP\/1\.1 201 /);
  });

  it.each(['application/wasm', FORM_TYPE])(
    'refuses %s without a length at the limit, closes, and keeps memory flat',
    async (type) => {
      await admin[Symbol.asyncDispose]();
      admin = await startAdmin({ limits: { uploadBytes: 128 * MIB }, keepBytes: false });
      const preamble =
        type === FORM_TYPE
          ? form([wasm]).subarray(0, form([wasm]).indexOf('\r\n\r\n') + 4)
          : Buffer.alloc(0);
      const before = process.memoryUsage().arrayBuffers;
      let peak = 0;
      let count = 0;
      async function* body() {
        yield preamble;
        for await (const chunk of endless(256 * MIB)) {
          if (++count % 128 === 0) gc();
          peak = Math.max(
            peak,
            count % 128 === 0 ? process.memoryUsage().arrayBuffers - before : 0,
          );
          yield chunk;
        }
      }
      const reply = await admin.call('PUT', PATH, {
        headers: { 'content-type': type },
        body: ReadableStream.from(body()),
      });
      expect(reply.status).toBe(413);
      expect(['artifact-too-large', 'upload-too-large']).toContain(reply.json.code);
      expect(reply.headers['connection']).toBe('close');
      expect(peak).toBeLessThan(16 * MIB);
      expect(admin.artifacts.open).toBe(0);
    },
  );

  it('closes on what is more than the length says, and takes none of it', async () => {
    const text = await admin.raw(
      head('content-type: application/wasm', 'content-length: 8'),
      WASM.subarray(0, 8),
      'x'.repeat(100_000),
    );
    expect(text).toContain('HTTP/1.1 400 ');
    expect(admin.artifacts.open).toBe(0);
    // Whole as its length has it, the upload may have been deployed before the rest was seen.
    expect([undefined, 8]).toContain(admin.registry.get('f')?.active?.size);
  });

  it('takes nothing of what is less than the length says', async () => {
    const socket = opened(head('content-type: application/wasm', 'content-length: 1000'), WASM);
    await vi.waitFor(() => expect(admin.artifacts.open).toBe(1));
    socket.end();
    await vi.waitFor(() => expect(admin.artifacts.open).toBe(0));
    await unharmed();
  });

  it('refuses a configuration that is too large, as a field and as a file', async () => {
    const body = `{"x":"${'x'.repeat(256 * 1024)}"}`;
    for (const part of [
      { name: 'config', body },
      { name: 'config', filename: 'c', body },
    ]) {
      const reply = await put(form([part, wasm]));
      expect([reply.status, reply.json.code]).toEqual([413, 'config-too-large']);
    }
    await unharmed();
  });
});

describe('A8: forms that are none', () => {
  const whole = form([wasm]);
  const cases: [string, Buffer | string, string][] = [
    ['nothing', '', 'multipart-invalid'],
    ['no form', 'hello', 'multipart-invalid'],
    ['a truncated part', whole.subarray(0, whole.length - 20), 'multipart-invalid'],
    ['a truncated header', whole.subarray(0, 40), 'multipart-invalid'],
    ['no final boundary', whole.subarray(0, whole.length - 4), 'multipart-invalid'],
    ['another boundary', form([wasm], 'other'), 'multipart-invalid'],
    [
      '10,000 parts',
      form(Array.from({ length: 10_000 }, (_, index) => ({ name: `p${index}`, body: 'x' }))),
      'part-unknown',
    ],
    [
      '10,000 nameless parts',
      `${'--b0undary\r\nx: y\r\n\r\nz\r\n'.repeat(10_000)}--b0undary--\r\n`,
      'multipart-invalid',
    ],
    [
      'a part header of 1 MB',
      form([{ ...wasm, headers: `x-large: ${'x'.repeat(MIB)}\r\n` }]),
      'multipart-invalid',
    ],
    ['a malformed part header', form([{ ...wasm, headers: 'no colon\r\n' }]), 'multipart-invalid'],
    ['two modules', form([wasm, wasm]), 'part-repeated'],
    ['two configurations', form([config({}), config({}), wasm]), 'part-repeated'],
    ['an unknown part', form([wasm, { name: 'extra', body: 'x' }]), 'part-unknown'],
    [
      'a part named __proto__',
      form([wasm, { name: '__proto__', filename: 'x', body: 'x' }]),
      'part-unknown',
    ],
    ['no module', form([config({})]), 'module-missing'],
    ['a module that is no file', form([{ name: 'module', body: 'x' }]), 'part-not-a-file'],
    [
      'an encoded module',
      form([{ ...wasm, headers: 'content-transfer-encoding: base64\r\n' }]),
      'part-encoded',
    ],
    [
      'a configuration that is no JSON',
      form([wasm, { name: 'config', body: '{' }]),
      'config-invalid',
    ],
    [
      'a configuration that is no object',
      form([wasm, { name: 'config', body: '[]' }]),
      'config-invalid',
    ],
    [
      'a configuration that is no text',
      form([wasm, { name: 'config', filename: 'c', body: Buffer.of(0x22, 0xff, 0x22) }]),
      'config-not-text',
    ],
    ['a configuration with an unknown key', form([wasm, config({ grant: {} })]), 'config-invalid'],
    [
      'a configuration nested deeply',
      form([
        wasm,
        { name: 'config', body: `{"grants":${'['.repeat(100_000)}${']'.repeat(100_000)}}` },
      ]),
      'config-invalid',
    ],
    [
      'a configuration with __proto__',
      form([wasm, { name: 'config', body: '{"__proto__":{"isolation":"instance"}}' }]),
      'config-invalid',
    ],
  ];
  it.each(cases)('refuses %s', async (_what, body, code) => {
    const reply = await put(body);
    expect([reply.status, reply.json.code]).toEqual([400, code]);
    await unharmed();
  });

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="a',
  ])('refuses the content-type %s', async (type) => {
    const reply = await put(whole, type);
    expect([reply.status, reply.json.code]).toEqual([400, 'multipart-invalid']);
    await unharmed();
  });

  it('uses the file name for nothing', async () => {
    const reply = await put(form([{ ...wasm, filename: '../../../x' }]));
    expect(reply.status).toBe(201);
    expect(reply.text).not.toContain('..');
  });
});

describe('A17: uploads that are given up', () => {
  it.each(['application/wasm', FORM_TYPE])('leave nothing staged: %s', async (type) => {
    const bytes =
      type === FORM_TYPE
        ? form([{ ...wasm, body: Buffer.concat([WASM, Buffer.alloc(200_000)]) }])
        : Buffer.concat([WASM, Buffer.alloc(200_000)]);
    const socket = opened(
      head(`content-type: ${type}`, `content-length: ${bytes.length}`),
      bytes.subarray(0, 150_000),
    );
    await vi.waitFor(() => expect(admin.artifacts.open).toBe(1));
    socket.destroy();
    await vi.waitFor(() => expect(admin.artifacts.open).toBe(0));
    expect(admin.clock.waiting).toBe(0);
    await unharmed();
  });
});

describe('A18: slow uploads', () => {
  const slow = async (type: string, ...pieces: (string | Uint8Array)[]) => {
    const socket = opened(head(`content-type: ${type}`, 'content-length: 100000'), ...pieces);
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await vi.waitFor(() => expect(admin.clock.waiting).toBe(2));
    return {
      socket,
      answer: async () => {
        await vi.waitFor(() => expect(text).toContain('\r\n\r\n{'));
        // What is left of the time to read the answer.
        admin.clock.advance(1000);
        await closed;
        return text;
      },
    };
  };

  it.each([
    ['application/wasm', WASM],
    [FORM_TYPE, form([wasm]).subarray(0, 130)],
  ])('are refused when they trickle: %s', async (type, bytes) => {
    const { answer } = await slow(type, bytes);
    admin.clock.advance(10_000);
    const text = await answer();
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('upload-timeout');
    await unharmed();
  });

  it('stop being watched once they have arrived', async () => {
    expect((await put(WASM, 'application/wasm')).status).toBe(201);
    expect(admin.clock.waiting).toBe(0);
  });
});
