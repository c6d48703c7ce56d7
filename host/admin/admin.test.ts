import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAdmin, WASM, type TestAdmin } from './test-support.ts';

let admin: TestAdmin;
let ready = true;
beforeEach(async () => {
  ready = true;
  admin = await startAdmin({ isReady: () => ready });
});
afterEach(() => admin[Symbol.asyncDispose]());

const wasm = { 'content-type': 'application/wasm' };
const deploy = (name: string, query = '') =>
  admin.call('PUT', `/v1/functions/${name}${query}`, { headers: wasm, body: WASM });

describe('deploying', () => {
  it('answers 201 with everything that is to be known of the version', async () => {
    const reply = await deploy('hello');
    expect(reply.status).toBe(201);
    expect(reply.json).toMatchObject({
      name: 'hello',
      version: 1,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: WASM.length,
      lane: 'http-0.2',
      binder: 'fake',
      active: true,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      routes: ['/fn/hello/*'],
      isolation: 'request',
      grants: { dirs: [], env: {}, poll: false },
      limits: { timeout: '1m', concurrency: 512 },
      warnings: [],
    });
  });

  it('keeps nothing of a dry run', async () => {
    const reply = await deploy('hello', '?dry-run=true');
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({
      name: 'hello',
      dryRun: true,
      size: WASM.length,
      warnings: ['a warning'],
    });
    expect(admin.registry.list()).toEqual([]);
    expect(admin.artifacts).toMatchObject({ begun: 1, open: 0 });
  });

  it('leaves the active version in place with activate=false', async () => {
    await deploy('hello');
    const reply = await deploy('hello', '?activate=false');
    expect(reply.json).toMatchObject({ version: 2, active: false });
    expect(admin.registry.get('hello')?.active?.version).toBe(1);
  });

  it.each(['?dryrun=true', '?dry-run=yes', '?activate=false&activate=true', '?token=x'])(
    'refuses the query %s',
    async (query) => {
      const reply = await deploy('hello', query);
      expect(reply.status).toBe(400);
      expect(reply.json.code).toBe('query-invalid');
      expect(admin.artifacts.begun).toBe(0);
    },
  );

  it('discards the upload when deploying fails, and says nothing of an unknown error', async () => {
    admin.deployments.refusal = new Error('secret path /root/x');
    const reply = await deploy('hello');
    expect(reply.status).toBe(500);
    expect(reply.json.code).toBe('internal');
    expect(reply.text).not.toContain('secret');
    expect(admin.artifacts.open).toBe(0);
    const logged = admin.log.lines.find(({ level }) => level === 'error');
    expect(logged?.fields).toMatchObject({
      err: admin.deployments.refusal,
      request_id: reply.headers['x-request-id'],
    });
  });
});

describe('A15: names that are none', () => {
  it.each(['..%2fx', 'CON', 'con', 'Hello', 'x.', 'a;x', '-a', '%00', 'a'.repeat(10_000), '%zz'])(
    'refuses %s',
    async (name) => {
      const reply = await deploy(name);
      expect(reply.status).toBe(400);
      expect(reply.json).toMatchObject({ code: 'name-invalid', fix: expect.any(String) });
      expect(admin.artifacts.begun).toBe(0);
    },
  );
});

describe('A16: uploads of one name at once', () => {
  it('makes a version of each, in order, and loses none', async () => {
    const replies = await Promise.all(Array.from({ length: 50 }, () => deploy('raced')));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 201));
    const versions = replies.map(({ json }) => json.version as number).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(admin.registry.get('raced')?.active?.version).toBe(50);
    expect(admin.artifacts.open).toBe(0);
  });
});

describe('functions', () => {
  it('lists and shows them with how they are being served', async () => {
    await deploy('b');
    await deploy('a');
    admin.deployments.serving.set('b', { inFlight: 3, runtime: { instances: 2 } });
    const list = await admin.call('GET', '/v1/functions');
    expect(list.json.functions.map((one: { name: string }) => one.name)).toEqual(['a', 'b']);
    const shown = await admin.call('GET', '/v1/functions/b');
    expect(shown.json).toEqual(list.json.functions[1]);
    expect(shown.json).toMatchObject({
      status: 'active',
      version: 1,
      inFlight: 3,
      instances: 2,
      url: 'http://127.0.0.1:8080/fn/b/',
    });
  });

  it('tells an inactive function, and one that could not be prepared', async () => {
    await deploy('idle', '?activate=false');
    await deploy('broken');
    admin.deployments.serving.set('broken', {
      code: 'grant-unusable',
      message: 'the directory is gone',
      fix: 'make it',
    });
    expect((await admin.call('GET', '/v1/functions/idle')).json).toMatchObject({
      status: 'inactive',
      version: 1,
      active: false,
      inFlight: 0,
    });
    const broken = (await admin.call('GET', '/v1/functions/broken')).json;
    expect(broken).toMatchObject({
      status: 'unavailable',
      problem: { code: 'grant-unusable', fix: 'make it' },
    });
  });

  it('keeps to itself why an unknown error keeps a function from being served', async () => {
    await deploy('broken');
    admin.deployments.serving.set('broken', {
      code: 'internal',
      message: 'cannot open /root/x',
      fix: undefined,
    });
    expect((await admin.call('GET', '/v1/functions/broken')).text).not.toContain('/root/x');
  });

  it('activates, rolls back and removes', async () => {
    await deploy('f');
    await deploy('f');
    expect((await admin.call('POST', '/v1/functions/f/versions/1/activate')).json).toMatchObject({
      version: 1,
      active: true,
    });
    expect((await admin.call('POST', '/v1/functions/f/rollback')).json).toMatchObject({
      version: 2,
    });
    const versions = await admin.call('GET', '/v1/functions/f/versions');
    expect(
      versions.json.versions.map(({ version, active }: { version: number; active: boolean }) => [
        version,
        active,
      ]),
    ).toEqual([
      [1, false],
      [2, true],
    ]);
    const removed = await admin.call('DELETE', '/v1/functions/f');
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect((await admin.call('GET', '/v1/functions/f')).json.code).toBe('function-unknown');
  });

  it.each([
    ['GET', '/v1/functions/nobody', 404, 'function-unknown'],
    ['GET', '/v1/functions/nobody/versions', 404, 'function-unknown'],
    ['DELETE', '/v1/functions/nobody', 404, 'function-unknown'],
    ['POST', '/v1/functions/nobody/rollback', 404, 'function-unknown'],
    ['POST', '/v1/functions/nobody/versions/1/activate', 404, 'function-unknown'],
    ['POST', '/v1/functions/nobody/versions/x/activate', 400, 'version-invalid'],
    ['POST', '/v1/functions/nobody/versions/01/activate', 400, 'version-invalid'],
    ['GET', '/v1/functions?all=1', 400, 'query-invalid'],
    ['GET', '/v1/nothing', 404, 'not-found'],
    ['GET', '/', 404, 'not-found'],
  ])('%s %s answers %i %s', async (method, path, status, code) => {
    const reply = await admin.call(method, path);
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.json).toMatchObject({
      status,
      code,
      type: `https://selvedge.dev/problems/${code}`,
    });
  });

  it('says which methods a path takes', async () => {
    const reply = await admin.call('PATCH', '/v1/functions/f');
    expect(reply.status).toBe(405);
    expect(reply.headers['allow']?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD', 'PUT']);
    expect(reply.json.code).toBe('method-not-allowed');
  });
});

describe('health', () => {
  it('needs no token, and is ready only while functions answer', async () => {
    expect((await admin.call('GET', '/healthz', { token: '' })).json).toEqual({ status: 'ok' });
    expect((await admin.call('GET', '/readyz', { token: '' })).status).toBe(200);
    ready = false;
    const reply = await admin.call('GET', '/readyz', { token: '' });
    expect([reply.status, reply.json.code, reply.headers['retry-after']]).toEqual([
      503,
      'not-ready',
      '1',
    ]);
    expect((await admin.call('GET', '/healthz', { token: '' })).status).toBe(200);
  });
});

describe('the OpenAPI document', () => {
  it('describes every route with its refusals, and holds the configuration schema', async () => {
    const { status, json } = await admin.call('GET', '/v1/openapi.json', { token: '' });
    expect(status).toBe(200);
    expect(json.openapi).toBe('3.1.0');
    const routes = Object.entries(json.paths as Record<string, Record<string, unknown>>).flatMap(
      ([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.sort()).toEqual([
      'DELETE /v1/functions/{name}',
      'GET /healthz',
      'GET /readyz',
      'GET /try',
      'GET /try/script.js',
      'GET /try/style.css',
      'GET /v1/functions',
      'GET /v1/functions/{name}',
      'GET /v1/functions/{name}/openapi.json',
      'GET /v1/functions/{name}/versions',
      'GET /v1/openapi.json',
      'POST /v1/functions/{name}/call',
      'POST /v1/functions/{name}/rollback',
      'POST /v1/functions/{name}/versions/{version}/activate',
      'PUT /v1/functions/{name}',
    ]);
    const put = json.paths['/v1/functions/{name}'].put;
    expect(put.security).toEqual([{ bearer: [] }]);
    expect(put.parameters.map(({ name }: { name: string }) => name).sort()).toEqual([
      'activate',
      'dry-run',
      'name',
    ]);
    expect(put.responses['413'].content['application/problem+json'].schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
    expect(put.responses['413'].description).toContain('upload-too-large');
    expect(json.components.schemas.FunctionConfig.properties.limits.properties).toHaveProperty(
      'timeout',
    );
    expect(json.components.securitySchemes.bearer).toMatchObject({
      type: 'http',
      scheme: 'bearer',
    });
  });

  it('refers only to what it holds', async () => {
    const { json, text } = await admin.call('GET', '/v1/openapi.json', { token: '' });
    const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, kind, name] of references)
      expect(json.components[kind as string]).toHaveProperty(name as string);
  });
});

describe('the log', () => {
  it('has one line for each request, with its id and without a token', async () => {
    const reply = await admin.call('GET', '/v1/functions?token=a-token-for-tests-0123456789');
    const lines = admin.log.lines.filter(({ msg }) => msg === 'admin request');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({
      method: 'GET',
      path: '/v1/functions',
      status: 400,
      duration_ms: expect.any(Number),
      request_id: reply.headers['x-request-id'],
    });
    expect(JSON.stringify(admin.log.lines)).not.toContain('a-token-for-tests');
  });
});
