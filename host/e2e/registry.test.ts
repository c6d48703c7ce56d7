import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { begin, responseOf, send } from './client.ts';
import { fixture, startHost, type TestHost } from './harness.ts';

// Whole processes start in here, and machines are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface FunctionView {
  readonly name: string;
  readonly version: number;
  readonly sha256: string;
  readonly active: boolean;
  readonly status: string;
  readonly problem?: { readonly code: string; readonly message: string; readonly fix: string };
  readonly grants: { readonly env: Record<string, string> };
}

const jsonOf = async <T = FunctionView>(response: Response | Promise<Response>) =>
  (await (await response).json()) as T;
/** Versions that differ in their configuration alone: nothing is prepared anew, so a test may make many. */
const numbered = (site: string) => ({
  grants: { poll: true, random: true, clocks: ['wall'], env: { SITE: site } },
});

describe('versions', () => {
  let host: TestHost;
  const site = async () => (await send(`${host.edge}/fn/site/env`)).json<{ SITE: string }>().SITE;
  const history = async () =>
    (
      await jsonOf<{ versions: FunctionView[] }>(host.api('GET', '/v1/functions/site/versions'))
    ).versions.map(({ version, active, grants }) => [version, active, grants.env['SITE']]);

  beforeAll(async () => {
    host = await startHost();
  });
  afterAll(() => host[Symbol.asyncDispose]());

  test('a deployment is answered with what was deployed', async () => {
    const put = await host.put('site', 'env', numbered('one'));
    expect(put.status).toBe(201);
    const view = (await put.json()) as FunctionView;
    expect(view).toMatchObject({
      name: 'site',
      version: 1,
      active: true,
      lane: 'http-0.2',
      binder: 'jco',
      isolation: 'request',
      ...numbered('one'),
    });
    expect(view.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await site()).toBe('one');
  });

  test('the next one is version 2, and the first can be activated, rolled back from, and listed', async () => {
    expect(await host.deploy('site', 'env', numbered('two'))).toMatchObject({
      version: 2,
      active: true,
    });
    expect([await site(), await history()]).toEqual([
      'two',
      [
        [1, false, 'one'],
        [2, true, 'two'],
      ],
    ]);
    expect((await host.api('POST', '/v1/functions/site/versions/1/activate')).status).toBe(200);
    expect([await site(), await history()]).toEqual([
      'one',
      [
        [1, true, 'one'],
        [2, false, 'two'],
      ],
    ]);
    expect((await host.api('POST', '/v1/functions/site/rollback')).status).toBe(200);
    expect(await site()).toBe('two');
    expect(await jsonOf(host.api('GET', '/v1/functions/site'))).toMatchObject({
      version: 2,
      active: true,
      status: 'active',
    });
    expect(
      (await jsonOf<{ functions: FunctionView[] }>(host.api('GET', '/v1/functions'))).functions.map(
        ({ name }) => name,
      ),
    ).toEqual(['site']);
  });

  test('what is not there is said so', async () => {
    for (const [method, path, status, code] of [
      ['GET', '/v1/functions/absent', 404, 'function-unknown'],
      ['POST', '/v1/functions/site/versions/99/activate', 404, 'version-unknown'],
      ['POST', '/v1/functions/absent/rollback', 404, 'function-unknown'],
      ['DELETE', '/v1/functions/absent', 404, 'function-unknown'],
      ['POST', '/v1/functions/site/versions/0/activate', 400, 'version-invalid'],
    ] as const) {
      const response = await host.api(method, path);
      expect([path, response.status, (await jsonOf<{ code: string }>(response)).code]).toEqual([
        path,
        status,
        code,
      ]);
    }
    await host.deploy('only', 'env', numbered('only'));
    expect(await jsonOf(host.api('POST', '/v1/functions/only/rollback'))).toMatchObject({
      status: 409,
      code: 'nothing-to-roll-back-to',
    });
  });

  test('of two functions that ask for one route at once, one gets it', async () => {
    const answers = await Promise.all(
      ['left', 'right'].map((name) =>
        host.put(name, 'env', { ...numbered(name), routes: ['/env'] }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    const refused = answers.find(({ status }) => status === 409) as Response;
    expect(await jsonOf<{ code: string }>(refused)).toMatchObject({ code: 'route-conflict' });
    const winner = ['left', 'right'][answers.findIndex(({ status }) => status === 201)] as string;
    expect((await send(`${host.edge}/env`)).json()).toEqual({ SITE: winner });
    expect((await host.api('DELETE', `/v1/functions/${winner}`)).status).toBe(204);
  });

  test('requests in flight finish on the version they began on, while new ones get the new version', async () => {
    await host.deploy('moving', 'echo', numbered('ignored'));
    const old = begin(`${host.edge}/fn/moving/`);
    old.write('began on one');
    const response = await responseOf(old);
    expect(String((await once(response, 'data'))[0])).toBe('began on one');
    await host.deploy('moving', 'hello');
    expect((await send(`${host.edge}/fn/moving/`)).text).toBe('Hello from WebAssembly!\n');
    old.write('ended on one');
    expect(String((await once(response, 'data'))[0])).toBe('ended on one');
    old.end();
    response.resume();
    await once(response, 'end');
    const line = await host.logged(
      (each) => each['msg'] === 'request' && each['function'] === 'moving' && each['version'] === 1,
      'the line of the old request',
    );
    expect(line).toMatchObject({ status: 200 });
    expect(line).not.toHaveProperty('code');
  });

  test('activations back and forth under load lose no request', async () => {
    await host.deploy('busy', 'env', numbered('one'));
    await host.deploy('busy', 'env', numbered('two'));
    const answers: unknown[] = [];
    const over = new AbortController();
    const load = Promise.all(
      [1, 2, 3, 4].map(async () => {
        while (!over.signal.aborted)
          answers.push(
            await send(`${host.edge}/fn/busy/env`).then(({ status, text }) =>
              status === 200 ? (JSON.parse(text) as { SITE: string }).SITE : status,
            ),
          );
      }),
    );
    for (let round = 0; round < 20; round += 1) {
      expect(
        (await host.api('POST', `/v1/functions/busy/versions/${(round % 2) + 1}/activate`)).status,
      ).toBe(200);
    }
    over.abort();
    await load;
    expect(new Set(answers)).toEqual(new Set(['one', 'two']));
  });

  test('a function that is removed answers no more, with all its versions', async () => {
    await host.deploy('gone', 'env', numbered('gone'));
    expect((await host.api('DELETE', '/v1/functions/gone')).status).toBe(204);
    expect((await send(`${host.edge}/fn/gone/env`)).status).toBe(404);
    expect((await host.api('GET', '/v1/functions/gone/versions')).status).toBe(404);
    expect(await host.deploy('gone', 'env', numbered('again'))).toMatchObject({ version: 1 });
  });
});

describe('a host that is killed', () => {
  const ROUNDS = 20;

  test(
    `has the old or the new state, whole, after each of ${ROUNDS} kills in the middle of deployments`,
    { timeout: 240_000 },
    async () => {
      const data = await mkdtemp(join(tmpdir(), 'selvedge-kill-'));
      let acknowledged = 0;
      let asked = 0;
      let inFlight = 0;
      try {
        for (let round = 0; round < ROUNDS; round += 1) {
          await using host = await startHost({ data });
          if (asked > 0) {
            const served = Number(
              (await send(`${host.edge}/fn/site/env`)).json<{ SITE: string }>().SITE,
            );
            expect(served).toBeGreaterThanOrEqual(acknowledged);
            expect(served).toBeLessThanOrEqual(asked);
            expect(await jsonOf(host.api('GET', '/v1/functions/site'))).toMatchObject({
              status: 'active',
              grants: { env: { SITE: String(served) } },
            });
            expect(await readdir(join(data, 'staging'))).toEqual([]);
            acknowledged = served;
          }
          const killed = Promise.withResolvers<void>();
          host.process.once('exit', () => killed.resolve());
          await deployUntilKilled(host);
          await killed.promise;
        }
      } finally {
        await rm(data, { recursive: true, force: true });
      }
      console.log(
        `${ROUNDS} kills, ${asked} deployments asked for, ${acknowledged} acknowledged at least, ${inFlight} kills within one`,
      );
      // A kill that always comes between two deployments would show nothing.
      expect(inFlight).toBeGreaterThan(ROUNDS / 2);

      async function deployUntilKilled(host: TestHost): Promise<void> {
        // The first takes longest: it prepares the module, or finds it prepared.
        asked += 1;
        await host.deploy('site', 'env', numbered(String(asked)));
        acknowledged = asked;
        setTimeout(() => host.process.kill('SIGKILL'), Math.random() * 60);
        while (host.process.exitCode === null && host.process.signalCode === null) {
          asked += 1;
          const answer = await host
            .put('site', 'env', numbered(String(asked)))
            .catch(() => undefined);
          if (answer?.status !== 201) {
            inFlight += 1;
            return;
          }
          acknowledged = asked;
        }
      }
    },
  );
});

describe('damage on the disk', () => {
  const flipped = (bytes: Buffer) => {
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] as number) ^ 1;
    return bytes;
  };

  test.each([
    ['a changed module', flipped, 'artifact-corrupt'],
    ['a module cut short', (bytes: Buffer) => bytes.subarray(0, 1000), /^artifact-/],
  ])(
    '%s takes out the function that it is in and no other, until it is deployed again',
    async (_what, damage, reason) => {
      const data = await mkdtemp(join(tmpdir(), 'selvedge-damage-'));
      try {
        let sha256: unknown;
        {
          await using host = await startHost({ data });
          ({ sha256 } = await host.deploy('broken', 'hello', { routes: ['/broken'] }));
          await host.deploy('whole', 'env', numbered('whole'));
          expect(await host.stop()).toBe(0);
        }
        const file = await artifactFile(data, String(sha256));
        const bytes = await readFile(file);
        await rm(file);
        await writeFile(file, damage(bytes));

        await using host = await startHost({ data });
        for (const path of ['/fn/broken/', '/broken']) {
          const refused = await send(host.edge + path);
          expect([path, refused.status]).toEqual([path, 503]);
          expect(refused.json()).toMatchObject({
            code: 'function-unavailable',
            reason: expect.stringMatching(reason),
          });
        }
        expect((await send(`${host.edge}/fn/whole/env`)).json()).toEqual({ SITE: 'whole' });
        const view = await jsonOf(host.api('GET', '/v1/functions/broken'));
        expect(view.status).toBeOneOf(['quarantined', 'unavailable']);
        expect(view.problem).toMatchObject({
          code: expect.stringMatching(/^artifact-/),
          fix: expect.stringMatching(/deploy/i),
        });

        await host.deploy('broken', 'hello', { routes: ['/broken'] });
        expect((await send(`${host.edge}/broken`)).text).toBe('Hello from WebAssembly!\n');
        expect(await jsonOf(host.api('GET', '/v1/functions/broken'))).toMatchObject({
          status: 'active',
        });
        expect((await readFile(file)).equals(await readFile(fixture('hello')))).toBe(true);
      } finally {
        await rm(data, { recursive: true, force: true });
      }
    },
  );

  test('a record cut short answers 503 as well, also after the next start', async () => {
    const data = await mkdtemp(join(tmpdir(), 'selvedge-damage-'));
    try {
      {
        await using host = await startHost({ data });
        await host.deploy('broken', 'hello');
        await host.deploy('whole', 'hello', { grants: { env: { A: 'b' } } });
        expect(await host.stop()).toBe(0);
      }
      const records = (
        await readdir(join(data, 'records'), { recursive: true, withFileTypes: true })
      ).filter((each) => each.isFile());
      const damaged = [];
      for (const record of records) {
        const file = join(record.parentPath, record.name);
        const text = await readFile(file, 'utf8');
        if (!text.includes('"broken"') && !file.includes('broken')) continue;
        await writeFile(file, text.slice(0, text.length / 2));
        damaged.push(file);
      }
      expect(damaged.length).toBeGreaterThan(0);
      await using host = await startHost({ data });
      expect((await send(`${host.edge}/fn/broken/`)).status).toBe(503);
      expect((await send(`${host.edge}/fn/whole/`)).status).toBe(200);
      await host.deploy('broken', 'hello');
      expect((await send(`${host.edge}/fn/broken/`)).status).toBe(200);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

async function artifactFile(data: string, sha256: string): Promise<string> {
  const found = (
    await readdir(join(data, 'artifacts'), { recursive: true, withFileTypes: true })
  ).find((each) => each.isFile() && each.name.includes(sha256.slice(4)));
  if (found === undefined) throw new Error(`no artifact ${sha256} under ${data}`);
  return join(found.parentPath, found.name);
}
