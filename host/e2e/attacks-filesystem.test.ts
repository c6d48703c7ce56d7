/**
 * ATTACKS.md group B, over HTTP: what a guest can do with directories it was granted, and without. One long file, because
 * all cases share one host and one tree of files, on which what each leaves behind is looked for.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { send, type Answer } from './client.ts';
import { residentBytes, startHost, type TestHost } from './harness.ts';
import {
  BYSTANDER,
  checkDescriptors,
  checkHealth,
  descriptors,
  edgeLine,
  newTrace,
} from './health.ts';

const SECRET = 'outside the grant';
const QUOTA = 64 * 1024;
const FILES = 20;

let host: TestHost;
let open: number;
/** Beside the grants: nothing here may be reached. */
let top: string;
const started = new AsyncDisposableStack();
const at = (...path: string[]) => join(top, ...path);

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'selvedge-fs-'));
  started.defer(() => rm(top, { recursive: true, force: true }));
  for (const directory of [
    'ro',
    'ro/sub',
    'rw',
    'rw/sub',
    'other',
    'empty',
    'full',
    'swap',
    'swap/inside',
    'swap-target',
  ])
    mkdirSync(at(directory));
  writeFileSync(at('secret'), SECRET);
  writeFileSync(at('other', 'secret'), SECRET);
  writeFileSync(at('swap-target', 'file'), SECRET);
  writeFileSync(at('swap', 'inside', 'file'), 'inside');
  for (const directory of ['ro', 'rw']) {
    writeFileSync(at(directory, 'file'), 'data');
    writeFileSync(at(directory, 'sub', 'deep'), 'deep');
    symlinkSync('../secret', at(directory, 'out'));
    symlinkSync('..', at(directory, 'up'));
    symlinkSync(at('secret'), at(directory, 'absolute'));
    symlinkSync('out', at(directory, 'twice'));
    symlinkSync('up/secret', at(directory, 'through'));
    symlinkSync('sub/../../secret', at(directory, 'winding'));
    symlinkSync('/proc/self/root', at(directory, 'root'));
    symlinkSync('sub', at(directory, 'within'));
    symlinkSync('loop', at(directory, 'loop'));
  }
  execFileSync('mkfifo', [at('ro', 'fifo')]);
  linkSync(at('ro', 'file'), at('ro', 'second'));

  host = started.use(await startHost({ env: { HOST_SECRET: SECRET } }));
  await host.deploy(BYSTANDER, 'hello');
  await host.deploy('ro', 'sensors', { grants: { dirs: [`${at('ro')}::/sensors`] } });
  await host.deploy('rw', 'sensors', {
    grants: { dirs: [`${at('rw')}::/sensors:rw,quota=${QUOTA / 1024}KiB,files=${FILES}`] },
  });
  await host.deploy('both', 'sensors', {
    grants: { dirs: [`${at('rw')}::/sensors:rw`, `${at('ro')}::/ro`] },
  });
  await host.deploy('other', 'sensors', { grants: { dirs: [`${at('other')}::/sensors:rw`] } });
  await host.deploy('swap', 'sensors', { grants: { dirs: [`${at('swap')}::/sensors:rw`] } });
  await host.deploy('bare', 'sensors');
  await host.deploy('env', 'env', {
    grants: { clocks: ['wall'], random: true, env: { GIVEN: 'yes' } },
  });
  await host.deploy('bare-env', 'env', { grants: { clocks: ['wall'], random: true } });
  await checkHealth(host);
  open = await descriptors(host);
}, 120_000);

afterEach(async () => {
  await checkHealth(host);
  await checkDescriptors(host, open);
});
afterAll(() => started.disposeAsync());

type Query = Readonly<Record<string, string | number>>;

/** One call of the sensors guest; every request has its line in the log. */
async function call(
  name: string,
  verb: string,
  query: Query = {},
  body?: Uint8Array,
): Promise<Answer> {
  const trace = newTrace();
  const search = Object.entries(query).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  const answer = await send(`${host.edge}/fn/${name}/${verb}?${search.join('&')}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: ['traceparent', trace.headers.traceparent],
    ...(body === undefined ? {} : { body }),
  });
  expect(await edgeLine(host, trace.traceId)).toMatchObject({ status: answer.status });
  expect(answer.text).not.toContain(SECRET);
  return answer;
}

/** The error code of a call that must fail. */
async function failure(
  name: string,
  verb: string,
  query: Query,
  body?: Uint8Array,
): Promise<string> {
  const answer = await call(name, verb, query, body);
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
  return answer.text.trim();
}

const LEAVING = [
  '..',
  '../secret',
  '../other/secret',
  'sub/../../secret',
  'sub/../../../etc/passwd',
  './../secret',
  'up/secret',
  'root/etc/passwd',
];

describe('B1: paths', () => {
  it.each(LEAVING)('%j leads nowhere', async (path) => {
    for (const verb of ['read', 'stat', 'open', 'hash', 'list'])
      expect(await failure('ro', verb, { path, follow: 1 }), verb).toBe('not-permitted');
  });
  it.each(['/etc/passwd', '/sensors/file', '//file', '/'])(
    '%j is absolute and refused',
    async (path) => {
      expect(await failure('ro', 'read', { path })).toBe('not-permitted');
    },
  );
  it.each([
    ['', 'no-entry'],
    ['a\0b', 'invalid'],
    ['..\\secret', 'no-entry'],
    ['file\\..\\..\\secret', 'no-entry'],
    ['a'.repeat(300), 'name-too-long'],
    ['a/'.repeat(3000) + 'b', 'name-too-long'],
    ['missing', 'no-entry'],
    ['file/x', 'not-directory'],
    ['%2e%2e/secret', 'no-entry'],
    ['\uFF0E\uFF0E/secret', 'no-entry'],
  ])('%j gives %s', async (path, code) => {
    const given = await failure('ro', 'read', { path });
    // The limit on names and paths is met before the system is asked, or after.
    expect([code, ...(code === 'name-too-long' ? ['invalid', 'no-entry'] : [])]).toContain(given);
  });
});

describe('B2, B3, B4: links', () => {
  it.each(['out', 'absolute', 'twice', 'through', 'winding', 'root', 'up'])(
    '%s is not followed out',
    async (path) => {
      expect(await failure('ro', 'stat', { path, follow: 1 })).toBe('not-permitted');
      expect(await failure('ro', 'read', { path, follow: 1 })).toBe('not-permitted');
    },
  );
  it.each(['out', 'absolute', 'within'])(
    '%s is not opened where links are not followed',
    async (path) => {
      expect(await failure('ro', 'read', { path })).toBe('loop');
    },
  );
  it('that stay inside are followed', async () => {
    expect((await call('ro', 'read', { path: 'within/deep', follow: 1 })).text).toBe('deep');
    expect(await failure('ro', 'read', { path: 'loop', follow: 1 })).toBe('loop');
  });
  it.each(['out/', 'up/', 'absolute/', 'root/', 'out/.', 'up/.', 'up//', 'file/', 'file/.'])(
    '%j with its end gives nothing away',
    async (path) => {
      for (const follow of [0, 1])
        expect(await failure('ro', 'read', { path, follow })).toBeOneOf([
          'not-permitted',
          'not-directory',
          'loop',
          'is-directory',
          'invalid',
          'no-entry',
        ]);
    },
  );
  it('to the outside are not made', async () => {
    for (const target of ['/etc/passwd', '/'])
      expect(await failure('rw', 'symlink', { target, path: 'made' })).toBe('not-permitted');
    for (const target of ['../secret', 'sub/../../secret']) {
      const made = await call('rw', 'symlink', { target, path: 'made' });
      if (made.status === 200) {
        expect(await failure('rw', 'read', { path: 'made', follow: 1 })).toBe('not-permitted');
        await call('rw', 'unlink', { path: 'made' });
      }
    }
    expect(existsSync(at('rw', 'made'))).toBe(false);
  });
  it('are not written through', async () => {
    for (const path of ['out', 'twice', 'absolute']) {
      expect(
        await failure('rw', 'write', { path, create: 1, trunc: 1, follow: 1 }, Buffer.from('x')),
      ).toBe('not-permitted');
      expect(
        await failure('rw', 'write', { path, create: 1, trunc: 1 }, Buffer.from('x')),
      ).toBeOneOf(['loop', 'not-permitted']);
    }
    expect(readFileSync(at('secret'), 'utf8')).toBe(SECRET);
  });
});

describe('B5: a directory that is swapped for a link', () => {
  it('lets no open out, over HTTP', async () => {
    const enough = new AbortController();
    const swap = (async () => {
      for (let turn = 0; !enough.signal.aborted; turn++) {
        renameSync(at('swap', 'inside'), at('swap', 'aside'));
        symlinkSync('../swap-target', at('swap', 'inside'));
        await new Promise((resolve) => setImmediate(resolve));
        await rm(at('swap', 'inside'));
        renameSync(at('swap', 'aside'), at('swap', 'inside'));
        if (turn % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const seen = new Map<string, number>();
    for (let round = 0; round < 40; round++) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () =>
          send(`${host.edge}/fn/swap/read?path=inside/file&follow=1`),
        ),
      );
      for (const { text } of answers) seen.set(text.trim(), (seen.get(text.trim()) ?? 0) + 1);
    }
    enough.abort();
    await swap;
    expect(
      [...seen.keys()].filter(
        (each) => !['inside', 'no-entry', 'not-permitted', 'not-directory', 'loop'].includes(each),
      ),
    ).toEqual([]);
  }, 60_000);
});

describe('B6: a read-only grant', () => {
  const changes: readonly (readonly [string, Query])[] = [
    ['write', { path: 'new', create: 1 }],
    ['write', { path: 'file' }],
    ['write', { path: 'file', trunc: 1 }],
    ['write', { path: 'file', append: 1 }],
    ['open', { path: 'file', trunc: 1 }],
    ['open', { path: 'file', read: 1, trunc: 1 }],
    ['open', { path: 'new', create: 1, excl: 1 }],
    ['open', { path: 'file', write: 1 }],
    ['open', { path: 'sub', dir: 1, mutate: 1 }],
    ['truncate', { path: 'file', size: 0 }],
    ['utimes', { path: 'file', seconds: 1, nanoseconds: 0 }],
    ['utimes', { path: 'out', now: 1 }],
    ['rename', { from: 'file', to: 'moved' }],
    ['link', { from: 'file', to: 'linked' }],
    ['symlink', { target: 'file', path: 'made' }],
    ['mkdir', { path: 'made' }],
    ['rmdir', { path: 'sub' }],
    ['unlink', { path: 'file' }],
    ['write', { path: 'deep', at: 'sub', at_mutate: 1, trunc: 1 }],
    ['unlink', { path: 'deep', at: 'sub' }],
  ];
  it.each(changes)('refuses %s %j, and nothing changes', async (verb, query) => {
    const state = async () => {
      const { mtimeNs, ctimeNs } = statSync(at('ro', 'file'), { bigint: true });
      return [await readdir(at('ro')), await readdir(at('ro', 'sub')), mtimeNs, ctimeNs];
    };
    const before = await state();
    expect(
      await failure('ro', verb, query, verb === 'write' ? Buffer.from('changed') : undefined),
    ).toBeOneOf(['read-only', 'not-permitted']);
    const after = await state();
    expect(after).toEqual(before);
    expect(readFileSync(at('ro', 'file'), 'utf8')).toBe('data');
  });
  it('has no more rights below a directory opened in it', async () => {
    expect(await failure('ro', 'mkdir', { path: 'made', at: 'sub' })).toBeOneOf([
      'read-only',
      'not-permitted',
    ]);
    expect((await call('ro', 'read', { path: 'deep', at: 'sub' })).text).toBe('deep');
    expect(await failure('ro', 'read', { path: '../file', at: 'sub' })).toBe('not-permitted');
  });
});

describe('B7: from a read-only grant into a writable one', () => {
  it('nothing is linked or moved, either way', async () => {
    for (const verb of ['link', 'rename']) {
      expect(
        await failure('both', verb, {
          preopen: '/ro',
          from: 'file',
          to: 'taken',
          to_preopen: '/sensors',
        }),
        verb,
      ).toBeOneOf(['read-only', 'not-permitted', 'cross-device']);
      expect(
        await failure('both', verb, { from: 'file', to: 'given', to_preopen: '/ro' }),
        verb,
      ).toBeOneOf(['read-only', 'not-permitted', 'cross-device']);
    }
    expect(existsSync(at('rw', 'taken'))).toBe(false);
    expect(existsSync(at('ro', 'given'))).toBe(false);
    expect(statSync(at('ro', 'file')).nlink).toBe(2);
  });
});

describe('B8, B9: what is no plain file', () => {
  it.each([
    'root/proc/self/environ',
    'root/dev/zero',
    '../../../proc/self/environ',
    '/proc/self/environ',
    '/dev/mem',
  ])('%s is out of reach', async (path) => {
    expect(await failure('ro', 'read', { path, follow: 1 })).toBe('not-permitted');
  });
  it('a FIFO and a socket are refused at once, and hold up nobody', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('ro', 'socket'), resolve));
    try {
      const tries = Array.from({ length: 20 }, (_, each) =>
        failure('ro', 'read', { path: each % 2 === 0 ? 'fifo' : 'socket' }),
      );
      expect((await fetch(`${host.edge}/fn/${BYSTANDER}/`)).status).toBe(200);
      for (const code of await Promise.all(tries))
        expect(code).toBeOneOf([
          'unsupported',
          'would-block',
          'not-permitted',
          'no-such-device',
          'invalid',
        ]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('B10: quotas', () => {
  it('bound the bytes, of one file and of all', async () => {
    expect(
      await failure('rw', 'write', { path: 'large', create: 1 }, Buffer.alloc(2 * QUOTA)),
    ).toBe('quota');
    expect(statSync(at('rw', 'large')).size).toBeLessThanOrEqual(QUOTA);
    await call('rw', 'unlink', { path: 'large' });
    expect(
      await failure('rw', 'write', { path: 'far', create: 1, offset: 2 ** 40 }, Buffer.from('x')),
    ).toBeOneOf(['quota', 'file-too-large']);
    if (existsSync(at('rw', 'far'))) await call('rw', 'unlink', { path: 'far' });
    const sparse = await failure('rw', 'truncate', { path: 'file', size: 2 ** 50 });
    expect(sparse).toBeOneOf(['quota', 'file-too-large']);
    expect(statSync(at('rw', 'file')).size).toBe(4);
  });
  it('bound the files, in all directories', async () => {
    let made = 0;
    for (let each = 0; each < FILES + 5; each++) {
      const answer = await call('rw', 'mkdir', { path: `d${each}` });
      if (answer.status === 200) made++;
      else expect(answer.text.trim()).toBe('quota');
    }
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThanOrEqual(FILES);
    expect(
      await failure('rw', 'write', { path: 'sub/one-more', create: 1 }, Buffer.from('x')),
    ).toBe('quota');
    expect(await failure('rw', 'symlink', { target: 'file', path: 'one-more' })).toBe('quota');
    for (let each = 0; each < made; each++)
      expect((await call('rw', 'rmdir', { path: `d${each}` })).status).toBe(200);
    expect((await call('rw', 'mkdir', { path: 'again' })).status).toBe(200);
    await call('rw', 'rmdir', { path: 'again' });
  });
});

describe('B11: open descriptors', () => {
  it.each([
    ['files', { path: 'file' }],
    ['directory streams', { path: 'sub', streams: 1 }],
  ])('%s have a cap, and are given back', async (_, query) => {
    const { opened, error } = (await call('ro', 'open-many', { ...query, n: 100_000 })).json<{
      opened: number;
      error: string | null;
    }>();
    expect(opened).toBeGreaterThan(10);
    expect(opened).toBeLessThanOrEqual(256);
    expect(error).toBeOneOf(['insufficient-memory', 'busy', 'quota', 'overflow', 'not-permitted']);
  });
});

describe('B12: lengths', () => {
  it.each([2 ** 30, 2 ** 40, '18446744073709551615'])(
    'a read of %s bytes is a short one, in flat memory',
    async (len) => {
      const before = await residentBytes(host.pid);
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => call('ro', 'read', { path: 'file', len })),
      );
      for (const { status, text } of answers) expect([status, text]).toEqual([200, 'data']);
      expect((await residentBytes(host.pid)) - before).toBeLessThan(128 * 2 ** 20);
    },
  );
  it('a read far beyond the end is the end', async () => {
    const answer = await call('ro', 'read', {
      path: 'file',
      len: 10,
      offset: '18446744073709551615',
    });
    expect(
      answer.status === 200 ? [answer.text, answer.headers['x-eof']] : [answer.text.trim(), 'true'],
    ).toEqual([expect.toBeOneOf(['', 'invalid', 'overflow']), 'true']);
  });
  it('one list of 100 MB is not copied whole', async () => {
    const before = await residentBytes(host.pid);
    const answer = await call('rw', 'write', { path: 'zeroes', create: 1, zeroes: 100 * 2 ** 20 });
    if (answer.status === 200)
      expect(answer.json<{ written: number }>().written).toBeLessThanOrEqual(QUOTA);
    expect((await residentBytes(host.pid)) - before).toBeLessThan(256 * 2 ** 20);
    if (existsSync(at('rw', 'zeroes')))
      expect(statSync(at('rw', 'zeroes')).size).toBeLessThanOrEqual(QUOTA);
    await call('rw', 'unlink', { path: 'zeroes' });
  });
});

describe('B13: the directories of others', () => {
  it('are not there without a grant', async () => {
    expect((await call('bare', 'preopens')).json()).toEqual([]);
    expect((await call('bare', 'read', { path: 'file' })).status).toBe(503);
  });
  it('are not reached by a guess, a link, or as somebody else’s preopen', async () => {
    expect((await call('ro', 'preopens')).json()).toEqual(['/sensors']);
    expect(
      (await call('ro', 'read', { preopen: '/ro', path: 'file' })).status,
    ).toBeGreaterThanOrEqual(400);
    expect(
      (await call('ro', 'read', { preopen: at('other'), path: 'secret' })).status,
    ).toBeGreaterThanOrEqual(400);
    symlinkSync('../ro', at('other', 'link'));
    expect(await failure('other', 'read', { path: 'link/file', follow: 1 })).toBe('not-permitted');
    expect(
      await failure(
        'other',
        'write',
        { path: 'link/made', create: 1, follow: 1 },
        Buffer.from('x'),
      ),
    ).toBe('not-permitted');
  });
});

describe('B14: the environment', () => {
  it('is empty but for what was granted', async () => {
    expect((await call('bare-env', 'env')).json()).toEqual({});
    expect((await call('env', 'env')).json()).toEqual({ GIVEN: 'yes' });
    for (const verb of ['args', 'cwd', 'stdin'])
      expect((await call('bare-env', verb)).text).not.toContain(host.data);
  });
});

describe('B15: times', () => {
  it.each([
    ['18446744073709551615', 0],
    [2 ** 53, 0],
    ['8640000000001', 0],
    [1, 1_000_000_000],
    [1, 4_294_967_295],
  ])('%s s and %s ns are taken or refused, and break nothing', async (seconds, nanoseconds) => {
    const answer = await call('rw', 'utimes', { path: 'file', seconds, nanoseconds });
    if (answer.status !== 200) expect(answer.text.trim()).toBeOneOf(['invalid', 'overflow']);
    expect((await call('rw', 'stat', { path: 'file' })).status).toBe(200);
    expect((await call('rw', 'list')).status).toBe(200);
  });
  it('beyond what JavaScript’s Date holds are read', async () => {
    writeFileSync(at('ro', 'old'), '');
    execFileSync('touch', ['-d', '@-62135596801', at('ro', 'old')]);
    const answer = await call('ro', 'stat', { path: 'old' });
    expect(answer.status === 200 ? 'read' : answer.text.trim()).toBeOneOf([
      'read',
      'overflow',
      'invalid',
    ]);
    await rm(at('ro', 'old'));
  });
});
