/**
 * ATTACKS.md group A: what arrives as a module, and how it arrives. One long file, because all cases share one host:
 * what each leaves behind is looked for on it, and a host of their own would cost every few cases a second.
 */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, Wire } from './client.ts';
import { fixture, residentBytes, startHost, type TestHost } from './harness.ts';
import {
  adminLine,
  BYSTANDER,
  checkDescriptors,
  checkHealth,
  checkUnseenUpload,
  descriptors,
} from './health.ts';
import {
  assemble,
  component,
  coreModule,
  functions,
  handler,
  leb,
  nestedComponents,
  section,
  text,
  vector,
  withModule,
} from './hostile-modules.ts';

const MIB = 2 ** 20;
const LIMIT = 64 * MIB;
const EMPTY_FUNCTION = [0, 0x0b];

let host: TestHost;
/** For what takes long: it leaves `host` idle between cases, so that leaks show. */
let aside: TestHost;
let open: number;
let hello: Uint8Array;
const started = new AsyncDisposableStack();
/** Takes as long as a binder may take, so it runs beside the other cases. */
let endless: Promise<Response>;
/** Takes as long as an upload may trickle. */
let slow: Promise<IncomingMessage>;

beforeAll(async () => {
  host = started.use(await startHost());
  hello = await readFile(fixture('hello'));
  await host.deploy(BYSTANDER, 'hello');
  await checkHealth(host);
  open = await descriptors(host);
  aside = started.use(await startHost());
  await aside.deploy(BYSTANDER, 'hello');
  endless = aside.put('bad', await handler({ fields: '(func $s (loop (br 0))) (start $s)' }));
  slow = trickle(aside);
}, 120_000);

afterAll(async () => {
  try {
    await checkDescriptors(host, open);
  } finally {
    await started.disposeAsync();
  }
}, 60_000);

function artifacts(): Promise<string[]> {
  return readdir(join(host.data, 'artifacts'), { recursive: true });
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly fix?: string;
}

/** The refusal of an upload, after which nothing of it is there and the host is well. */
async function refusal(answer: Response, on = host): Promise<Refusal & Record<string, unknown>> {
  const problem = (await answer.json()) as Refusal & Record<string, unknown>;
  expect(answer.headers.get('content-type'), JSON.stringify(problem)).toContain(
    'application/problem+json',
  );
  expect(problem.status).toBe(answer.status);
  expect(problem.detail).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(problem.detail.length).toBeLessThan(2000);
  expect(await adminLine(on, answer)).toMatchObject({ status: answer.status, method: 'PUT' });
  expect((await on.api('GET', '/v1/functions/bad')).status).toBe(404);
  await checkHealth(on);
  return problem;
}

/** An upload with a body as it is, and headers as given. */
async function upload(
  body: Uint8Array | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return host.api('PUT', '/v1/functions/bad', {
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    headers: { 'content-type': 'application/wasm', ...headers },
  });
}

type Bytes = () => Uint8Array | Promise<Uint8Array>;

function refuses(
  cases: Readonly<Record<string, readonly [bytes: Bytes, status: number, code: string]>>,
): void {
  for (const [what, [bytes, status, code]] of Object.entries(cases)) {
    it(`refuses ${what}`, async () => {
      const before = await artifacts();
      expect(await refusal(await host.put('bad', await bytes()))).toMatchObject({ status, code });
      expect(await artifacts()).toEqual(before);
    });
  }
}

describe('A1: malformed and invalid modules', () => {
  const lifted = (signature: string, core: string) => handler({ signature, core });
  refuses({
    'a component cut off in a section': [() => hello.subarray(0, 1000), 400, 'malformed-component'],
    'a component with bytes flipped': [
      () => hello.map((byte, at) => (at > 8 && at % 97 === 0 ? byte ^ 0xff : byte)),
      400,
      'malformed-component',
    ],
    'a component of an unknown version': [
      () => Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x63, 0, 1, 0]),
      422,
      'unsupported-version',
    ],
    'a module of an unknown version': [
      () => Uint8Array.from([0, 0x61, 0x73, 0x6d, 9, 0, 0, 0]),
      422,
      'unsupported-version',
    ],
    'an unknown section': [() => component(section(99, [])), 400, 'malformed-component'],
    'a section longer than the file': [
      () => component(Uint8Array.from([1, 0xff, 0xff, 0xff, 0x7f])),
      400,
      'malformed-component',
    ],
    'an overlong integer': [
      () => component(Uint8Array.from([1, 0x80, 0x80, 0x80, 0x80, 0x80, 0])),
      400,
      'malformed-component',
    ],
    'a name that is not UTF-8': [
      () => component(section(0, [2, 0xc3, 0x28])),
      400,
      'malformed-component',
    ],
    'a reference to a core instance that is not there': [
      () => assemble('(component (core instance (instantiate 7)))'),
      422,
      'invalid-component',
    ],
    'a lift that does not fit its core function': [
      () => lifted('(param "a" string)', '(param f64)'),
      422,
      'component-unbindable',
    ],
    'a core module whose code does not validate': [
      () => handler({ fields: '(func (result i32) i64.const 0)' }),
      422,
      'component-unbindable',
    ],
    'a core module cut off': [() => withModule(section(1, [1, 0x60])), 400, 'malformed-module'],
  });
});

describe('A2: components at which jco fails', () => {
  const cases: Readonly<Record<string, Bytes>> = {
    'panics: latin1 strings': () =>
      handler({
        signature: '(param "x" string)',
        core: '(param i32 i32)',
        options: 'string-encoding=latin1+utf16',
      }),
    'gives up: an export of a module': () => handler({ after: '(export "mod" (core module $m))' }),
    'gives up: a thread intrinsic': () => handler({ types: '(core func (canon thread.index))' }),
    'gives up: a tag as an alias': () =>
      handler({
        fields: '(tag (export "t"))',
        after: `(alias core export $i "t" (core tag $t)) (core instance $q (export "t" (tag $t)))
          (core module $u (import "a" "t" (tag))) (core instance (instantiate $u (with "a" (instance $q))))`,
      }),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    it(`survives one at which it ${what}, and takes the next`, async () => {
      const problem = await refusal(await host.put('bad', await bytes()));
      expect(problem.status).toBe(422);
      await checkUnseenUpload(host);
    });
  }
  it('survives six at once', async () => {
    const bytes = await cases['panics: latin1 strings']?.();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => host.put('bad', bytes as Uint8Array)),
    );
    expect(answers.map((each) => each.status)).toEqual(Array.from({ length: 6 }, () => 422));
    await Promise.all(answers.map((each) => each.text()));
    await checkUnseenUpload(host);
    await checkHealth(host);
  });
});

describe('A2, A13: names that jco would write into JavaScript', () => {
  const INJECTION = "x'];process.exit(7);//";
  const places: Readonly<Record<string, (name: string) => Promise<Uint8Array>>> = {
    'a core export': (name) => handler({ fields: `(func (export "${name}"))` }),
    'a core export that is called': (name) =>
      handler({
        fields: `(func (export "${name}"))`,
        after: `(func $y (canon lift (core func $i "${name}"))) (export "y" (func $y))`,
      }),
    'a core import': (name) => handler({ after: imported('m', name) }),
    'the module of a core import': (name) => handler({ after: imported(name, 'f') }),
  };
  const imported = (module: string, name: string) =>
    `(alias core export $i "callback" (core func $cb)) (core instance $give (export "${name}" (func $cb)))
     (core module $take (import "${module}" "${name}" (func (param i32 i32 i32) (result i32)))) (core instance (instantiate $take (with "${module}" (instance $give))))`;
  for (const [place, make] of Object.entries(places)) {
    it(`runs nothing of ${place}`, async () => {
      const answer = await host.put('bad', await make(INJECTION));
      expect(await refusal(answer)).toMatchObject({ status: 422, code: 'component-unbindable' });
    });
  }
  for (const name of [
    '\\22',
    '`',
    '${process.exit(7)}',
    '\\5c',
    '\\0a',
    '\\e2\\80\\a8',
    '*/process.exit(7)/*',
    '__proto__',
    '\\00',
    '\\e2\\80\\ae',
  ]) {
    it(`takes no core export named "${name}"`, async () => {
      const answer = await host.put('bad', await handler({ fields: `(func (export "${name}"))` }));
      expect(await refusal(answer)).toMatchObject({ status: 422, code: 'component-unbindable' });
    });
  }
});

describe('A3, A5: nothing that a lane can call', () => {
  it('refuses a component and says what it exports and what would be callable', async () => {
    const module = await assemble('(component (core module $m) (export "code" (core module $m)))');
    const problem = await refusal(await host.put('bad', module));
    expect(problem).toMatchObject({
      status: 422,
      code: 'no-lane',
      detail: expect.stringContaining('"code (module)"') as string,
    });
    expect(`${problem.detail} ${problem.fix}`).toContain('wasi:http/incoming-handler@0.2');
  });
  it('refuses a handler that cannot be called as one', async () => {
    for (const signature of ['', '(param "x" u32)', '(param "a" u32) (param "b" u32)']) {
      const core = signature.replaceAll(/"[a-z]" u32/g, 'i32');
      expect(
        await refusal(await host.put('bad', await handler({ handle: { signature, core } }))),
        signature,
      ).toMatchObject({ status: 422, code: 'no-lane' });
    }
  });
  refuses({
    'an empty component': [() => readFile(fixture('empty')), 422, 'no-lane'],
    'a core module for preview 1 that is no command': [
      () =>
        assemble(
          '(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))) (memory (export "memory") 1))',
        ),
      422,
      'no-lane',
    ],
    'a core module with exports': [
      () => assemble('(module (func (export "run")))'),
      422,
      'no-lane',
    ],
    'an empty core module': [() => coreModule(), 422, 'no-lane'],
  });
});

describe('A4: no WebAssembly', () => {
  const start = (bytes: readonly number[]) => () =>
    Buffer.concat([Uint8Array.from(bytes), Buffer.alloc(5000, 0x20)]);
  refuses({
    'an ELF file': [start([0x7f, 0x45, 0x4c, 0x46]), 400, 'not-webassembly'],
    'a zip archive': [start([0x50, 0x4b, 3, 4]), 400, 'not-webassembly'],
    JavaScript: [() => Buffer.from('export default { fetch() {} }'), 400, 'not-webassembly'],
    'a script': [() => Buffer.from('#!/bin/sh\nexit 0\n'), 400, 'not-webassembly'],
    'WebAssembly text, which jco would take': [
      () => Buffer.from('(component)'),
      400,
      'not-webassembly',
    ],
    nothing: [() => new Uint8Array(), 400, 'not-webassembly'],
    'the magic only': [() => Uint8Array.from([0, 0x61, 0x73, 0x6d]), 400, 'not-webassembly'],
  });
});

describe('A6: bodies over the limit, and lengths that lie', () => {
  const head = (more: string) =>
    `PUT /v1/functions/bad HTTP/1.1\r\nhost: ${new URL(host.admin).host}\r\nauthorization: Bearer ${host.token}\r\ncontent-type: application/wasm\r\n${more}\r\n`;

  it('refuses a length over the limit before the body is sent', async () => {
    using wire = await Wire.open(host.admin);
    wire.write(head(`content-length: ${LIMIT + 1}\r\n`));
    expect(await wire.ended()).toMatch(
      /^HTTP\/1\.1 413 [^]*connection: close[^]*upload-too-large/i,
    );
    await checkHealth(host);
  });
  it('stops at the limit where no length is given, in flat memory', async () => {
    const before = await residentBytes(host.pid);
    const sent = request(`${host.admin}/v1/functions/bad`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${host.token}`, 'content-type': 'application/wasm' },
    });
    sent.on('error', () => {});
    const chunks = Array.from({ length: (4 * LIMIT) / MIB }, (_, at) =>
      at === 0 ? Buffer.from(coreModule()) : Buffer.alloc(MIB),
    );
    Readable.from(chunks).pipe(sent);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    sent.destroy();
    expect((await residentBytes(host.pid)) - before).toBeLessThan(LIMIT * 3);
    await checkHealth(host);
  });
  it('does not take what follows a length that is too small for part of it', async () => {
    using wire = await Wire.open(host.admin);
    wire.write(head('content-length: 100\r\n'));
    wire.write(Buffer.from(hello).toString('latin1'));
    const statuses = (await wire.ended()).match(/HTTP\/1\.1 \d+/g) ?? [];
    expect(statuses[0]).toBe('HTTP/1.1 400');
    // What follows is garbage for a request, and is answered as that.
    for (const status of statuses) expect(status).toMatch(/ [45]\d\d$/);
    await checkHealth(host);
  });
  it('takes nothing of a length that is too large for what comes', async () => {
    using wire = await Wire.open(host.admin);
    wire.write(head(`content-length: ${hello.length + 1}\r\n`));
    wire.write(Buffer.from(hello).toString('latin1'));
    wire.socket.end();
    expect(await wire.ended()).not.toMatch(/^HTTP\/1\.1 2/);
    expect((await host.api('GET', '/v1/functions/bad')).status).toBe(404);
    await checkHealth(host);
  });
  for (const lie of [
    'content-length: -1',
    'content-length: 10, 20',
    'content-length: 5\r\ncontent-length: 6',
    'content-length: 5\r\ntransfer-encoding: chunked',
    'content-length: 0x10',
  ]) {
    it(`refuses ${JSON.stringify(lie)}`, async () => {
      using wire = await Wire.open(host.admin);
      wire.write(head(`${lie}\r\n`));
      expect(await wire.ended()).toMatch(/^HTTP\/1\.1 400 /);
      await checkHealth(host);
    });
  }
});

describe('A7: encoded bodies', () => {
  it.each([
    ['gzip', gzipSync(Buffer.alloc(32 * MIB))],
    ['br', brotliCompressSync(Buffer.alloc(8 * MIB))],
    ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(32 * MIB)))],
  ])('refuses %s without decoding it', async (encoding, bomb) => {
    expect(await refusal(await upload(bomb, { 'content-encoding': encoding }))).toMatchObject({
      status: 415,
      code: 'content-encoding-unsupported',
    });
  });
});

describe('A8: forms', () => {
  const BOUNDARY = 'xXxXx';
  const part = (headers: string, body: string | Uint8Array) =>
    Buffer.concat([
      Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`),
      Buffer.from(body),
      Buffer.from('\r\n'),
    ]);
  const file = (name: string, fileName = 'm.wasm') =>
    part(
      `content-disposition: form-data; name="${name}"; filename="${fileName}"\r\ncontent-type: application/wasm`,
      hello,
    );
  const END = Buffer.from(`--${BOUNDARY}--\r\n`);
  const form = (...parts: Uint8Array[]) =>
    upload(Buffer.concat(parts), { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` });
  const config = part('content-disposition: form-data; name="config"', '{}');

  const cases: Readonly<Record<string, () => Promise<Response>>> = {
    'one that is cut off in the module': () => form(file('module').subarray(0, 500)),
    'one without its last boundary': () => form(file('module')),
    'one without a boundary in its type': () =>
      upload(file('module'), { 'content-type': 'multipart/form-data' }),
    'ten thousand parts': () => form(...Array.from({ length: 10_000 }, () => config), END),
    'a part header of 1 MB': () =>
      form(
        part(
          `content-disposition: form-data; name="module"; filename="m"\r\nx-long: ${'a'.repeat(1e6)}`,
          hello,
        ),
        END,
      ),
    'two modules': () => form(file('module'), file('module'), END),
    'two configurations': () => form(config, config, file('module'), END),
    'a part of another name': () => form(file('../../x'), END),
    'no module': () => form(config, END),
    'a configuration that is no JSON': () =>
      form(
        file('module'),
        part('content-disposition: form-data; name="config"', '{"grants":'),
        END,
      ),
    'a configuration with __proto__': () =>
      form(
        file('module'),
        part('content-disposition: form-data; name="config"', '{"__proto__":{"limits":{}}}'),
        END,
      ),
    'a configuration nested 100,000 deep': () =>
      form(
        file('module'),
        part('content-disposition: form-data; name="config"', '['.repeat(100_000)),
        END,
      ),
  };
  for (const [what, sent] of Object.entries(cases)) {
    it(`refuses ${what}`, async () => {
      expect((await refusal(await sent())).status).toBe(400);
    });
  }
  it('uses no file name for anything', async () => {
    const answer = await form(file('module', '../../../escaped.wasm'), config, END);
    expect(answer.status, await answer.text()).toBe(201);
    await host.api('DELETE', '/v1/functions/bad');
    expect(await readdir(host.data, { recursive: true })).not.toContainEqual(
      expect.stringContaining('escaped'),
    );
    await checkHealth(host);
  });
});

describe('A9, A10: sizes that multiply', () => {
  const oneType = section(1, [1, 0x60, 0, 0]);
  /** A module in a component that is bound as a whole. */
  const beside = async (...sections: Uint8Array[]) =>
    Buffer.concat([await handler(), section(1, coreModule(...sections))]);
  /** Whether refused or served, it must cost neither the process nor its neighbours. */
  const cases: Readonly<Record<string, Bytes>> = {
    '3,000 components within one another': () => nestedComponents(3000),
    '90 components within one another': () => nestedComponents(90),
    'a million functions': () => withModule(...functions(1_000_000, EMPTY_FUNCTION)),
    '240,000 functions that are bound': () => beside(...functions(240_000, EMPTY_FUNCTION)),
    'a million types': () => withModule(vector(1, 1_000_000, () => [0x60, 0, 0])),
    'a million component types': () => component(vector(7, 1_000_000, () => [0x79])),
    '200,000 blocks in one function': () =>
      beside(
        ...functions(1, [
          0,
          ...Array.from({ length: 200_000 }, () => [0x02, 0x40]).flat(),
          ...Array.from({ length: 200_001 }, () => 0x0b),
        ]),
      ),
    '200 functions of 50,000 locals': () =>
      beside(...functions(200, [1, ...leb(50_000), 0x7f, 0x0b])),
    '50 million elements': () =>
      withModule(
        oneType,
        section(2, [1], text('m'), text('f'), [0, 0]),
        section(4, [1, 0x70, 0, 1]),
        section(9, [1, 0, 0x41, 0, 0x0b], leb(50_000_000), new Uint8Array(50_000_000)),
      ),
    'a type of 2^30 nodes': () =>
      component(
        vector(7, 31, (index) =>
          index === 0 ? [0x6f, 2, 0x79, 0x79] : [0x6f, 2, index - 1, index - 1],
        ),
      ),
    '9,000 imports of one large type': () =>
      component(
        section(7, [1, 0x42, 0]),
        vector(10, 9000, (index) => [0, ...text(`i${index}`), 5, 0]),
      ),
    '4,900 instances of a core module': () =>
      component(
        section(1, coreModule()),
        vector(2, 4900, () => [0, 0, 0]),
      ),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    it(`survives ${what} while others are served`, async () => {
      const resident = await residentBytes(host.pid);
      const upload = { answered: false };
      const answered = host.put('bad', await bytes()).finally(() => (upload.answered = true));
      let slowest = 0;
      do {
        const began = performance.now();
        const neighbour = await fetch(`${host.edge}/fn/${BYSTANDER}/`);
        expect(await neighbour.text()).toBe('Hello from WebAssembly!\n');
        slowest = Math.max(slowest, performance.now() - began);
      } while (!upload.answered);
      const answer = await answered;
      if (answer.status === 201) {
        await answer.text();
        expect((await host.api('DELETE', '/v1/functions/bad')).status).toBeOneOf([200, 204]);
        await checkHealth(host);
      } else {
        expect((await refusal(answer)).status).toBeOneOf([400, 413, 422]);
      }
      expect(slowest).toBeLessThan(2000);
      expect((await residentBytes(host.pid)) - resident).toBeLessThan(512 * MIB);
    });
  }
  it('refuses one that expands to 2^39 instances before it is bound', async () => {
    const bomb = await handler({
      after:
        Array.from({ length: 40 }, (_, at) =>
          at === 0
            ? '(component $c0 (core module $n) (core instance (instantiate $n)))'
            : `(component $c${at} (alias outer 1 $c${at - 1} (component $p)) (instance (instantiate $p)) (instance (instantiate $p)))`,
        ).join('\n') + ' (instance (instantiate $c39))',
    });
    expect(await refusal(await host.put('bad', bomb))).toMatchObject({
      status: 422,
      code: 'instances-too-many',
    });
  });
});

describe('A11: memories and tables that are large from the start', () => {
  it.each([
    ['a memory of 4 GiB', '(memory 65536)'],
    ['a memory of 2 GiB', '(memory 32768)'],
    ['a table of 10 million', '(table 10000000 funcref)'],
    ['a hundred tables of 100,000', '(table 100000 funcref)'.repeat(101)],
    ['a shared memory', '(memory 1 1 shared)'],
    ['a 64-bit memory', '(memory i64 1)'],
  ])('refuses %s before it is there', async (_, fields) => {
    expect(
      await sizeRefusal(`(core module $big ${fields}) (core instance (instantiate $big))`),
    ).toBeOneOf([413, 422]);
  });
  it('refuses forty memories of 100 MiB by forty instances of one module', async () => {
    expect(
      await sizeRefusal(
        `(core module $big (memory 1600)) ${'(core instance (instantiate $big))'.repeat(40)}`,
      ),
    ).toBe(422);
  });

  /** The status with which it is refused, in flat memory. */
  async function sizeRefusal(after: string): Promise<number> {
    const resident = await residentBytes(host.pid);
    const { status } = await refusal(await host.put('bad', await handler({ after })));
    expect((await residentBytes(host.pid)) - resident).toBeLessThan(256 * MIB);
    return status;
  }
});

describe('A13: names of exports', () => {
  it.each([
    [
      'twice the same',
      '(func $g (canon lift (core func $i "extra"))) (export "a" (func $g)) (export "a" (func $g))',
    ],
    ['what makes an object a promise', '(export "then" (func $x))'],
    ['alike but for case', '(export "ab" (func $x)) (export "AB" (func $x))'],
    ['__proto__', '(export "__proto__" (func $x))'],
    ['with NUL', '(export "a\\00b" (func $x))'],
    ['from right to left', '(export "a\\e2\\80\\aeb" (func $x))'],
    ['of markup', '(export "<script>alert(1)</script>" (func $x))'],
    ['of 200 kB', `(export "a${'b'.repeat(200_000)}" (func $x))`],
  ])('are refused when they are %s', async (_, after) => {
    expect((await refusal(await host.put('bad', await handler({ after })))).status).toBeOneOf([
      400, 413, 422,
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('A14: what jco takes and V8 refuses', () => {
  const table = (entries: number) => [
    0,
    0x02,
    0x40,
    0x41,
    0,
    0x0e,
    ...leb(entries),
    ...new Uint8Array(entries + 1),
    0x0b,
    0x0b,
  ];
  it.each([
    ['a br_table of a million', table(1_000_000)],
    ['60,000 locals', [1, ...leb(60_000), 0x7f, 0x0b]],
  ])('is refused at once: %s', async (_, code) => {
    const entry = await handler();
    const bytes = Buffer.concat([entry, section(1, coreModule(...functions(1, code)))]);
    const problem = await refusal(await host.put('bad', bytes));
    expect(problem.status).toBe(422);
  });
});

describe('A15: names of functions', () => {
  it.each([
    '../x',
    '..',
    'CON',
    'con',
    'nul',
    'Upper',
    'x.',
    '-x',
    'a/b',
    'a%00b',
    'ä',
    '',
    'a'.repeat(64),
    'a'.repeat(10_000),
  ])('%j is refused', async (name) => {
    const path = `/v1/functions/${encodeURIComponent(name).replace('..', '%2E%2E')}`;
    const answer = await send(host.admin + path, {
      method: 'PUT',
      headers: ['authorization', `Bearer ${host.token}`, 'content-type', 'application/wasm'],
      body: hello,
    });
    expect(answer.status, answer.text).toBeOneOf(name === '' ? [404, 405] : [400, 404, 414, 431]);
    expect(answer.status).toBeOneOf([400, 404, 405, 414, 431]);
    await checkHealth(host);
  });
  it('that are the longest still work', async () => {
    const name = `a${'-'.repeat(61)}b`;
    await host.deploy(name, 'hello');
    expect((await fetch(`${host.edge}/fn/${name}/`)).status).toBe(200);
    await host.api('DELETE', `/v1/functions/${name}`);
  });
});

describe('A16: a hundred uploads of one name at once', () => {
  it('become a hundred versions, numbered without a gap, none lost', async () => {
    const racers = Array.from({ length: 100 }, (_, at) => String(at));
    const bodies = await Promise.all(
      racers.map((racer) =>
        host.deploy('race', 'env', {
          grants: { clocks: ['wall'], random: true, env: { RACER: racer } },
        }),
      ),
    );
    const numbers = bodies.map((each) => each['version'] as number);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    const { versions } = (await (await host.api('GET', '/v1/functions/race/versions')).json()) as {
      versions: { version: number; active: boolean; grants: { env: { RACER: string } } }[];
    };
    expect(versions.map((each) => each.grants.env.RACER).toSorted()).toEqual(racers.toSorted());
    const active = versions.filter((each) => each.active);
    expect(active).toHaveLength(1);
    const served = (await (await fetch(`${host.edge}/fn/race/env`)).json()) as { RACER: string };
    expect(served.RACER).toBe(active[0]?.grants.env.RACER);
    expect(numbers[racers.indexOf(served.RACER)]).toBe(active[0]?.version);
    await checkHealth(host);
  }, 120_000);
});

describe('A17, A18: uploads that do not end', () => {
  it('leaves nothing of an upload that is broken off', async () => {
    for (const type of ['application/wasm', 'multipart/form-data; boundary=b']) {
      const sent = request(`${host.admin}/v1/functions/bad`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${host.token}`, 'content-type': type },
      });
      sent.on('error', () => {});
      if (type.startsWith('multipart'))
        sent.write('--b\r\ncontent-disposition: form-data; name="module"; filename="m"\r\n\r\n');
      await new Promise((resolve) => sent.write(hello.subarray(0, 40_000), resolve));
      sent.destroy();
      await checkHealth(host);
      expect((await host.api('GET', '/v1/functions/bad')).status).toBe(404);
    }
  });
  it('ends one that trickles', async () => {
    const answer = await slow;
    expect(answer.statusCode).toBe(408);
    expect(answer.headers['connection']).toBe('close');
    answer.resume();
    expect((await aside.api('GET', '/v1/functions/bad')).status).toBe(404);
    await aside.logged(
      (line) => line['msg'] === 'admin request' && line['status'] === 408,
      'the line of the slow upload',
    );
  }, 60_000);
});

describe('A12: a start function that does not end', () => {
  it('ends with its process', async () => {
    const problem = await refusal(await endless, aside);
    expect(problem).toMatchObject({
      status: 422,
      code: 'component-unbindable',
      fix: expect.stringContaining('start function') as string,
    });
    await checkUnseenUpload(aside);
  }, 90_000);
});

/** One byte each second, until there is an answer. */
async function trickle(host: TestHost): Promise<IncomingMessage> {
  const sent = request(`${host.admin}/v1/functions/bad`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${host.token}`, 'content-type': 'application/wasm' },
  });
  sent.on('error', () => {});
  sent.write(hello.subarray(0, 8));
  let at = 8;
  const drip = setInterval(() => sent.write(hello.subarray(at, ++at)), 1000);
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  } finally {
    clearInterval(drip);
    sent.end();
  }
}
