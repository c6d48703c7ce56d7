import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminError } from './errors.ts';
import { startAdmin, type TestAdmin } from './test-support.ts';

let admin: TestAdmin;
beforeEach(async () => {
  admin = await startAdmin({ edgeUrl: () => 'http://127.0.0.1:8080' });
});
afterEach(() => admin[Symbol.asyncDispose]());

const call = (body: string) =>
  admin.call('POST', '/v1/functions/calc/call', {
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
  });

describe('calling a function', () => {
  it.each([
    { wave: 'add(1, 2)' },
    { wave: 'add(1, 2)', session: 's' },
    { path: 'counters/counter', args: { start: 1 } },
    { path: 'counters/counter/s.1', method: 'DELETE' },
  ])('hands on %j', async (given) => {
    const reply = await call(JSON.stringify(given));
    expect([reply.status, reply.json]).toEqual([200, { json: { name: 'calc', call: given } }]);
  });

  it.each([
    '',
    '[]',
    '{}',
    '{"wave": 1}',
    '{"wave": "a()", "path": "a"}',
    '{"path": "a", "method": "PUT"}',
    '{"wave": "a()"',
  ])('refuses %j', async (body) => {
    const reply = await call(body);
    expect([reply.status, reply.json.code]).toEqual([400, 'call-invalid']);
  });

  it('answers as the function refuses', async () => {
    admin.deployments.refusal = new AdminError({
      code: 'function-error',
      status: 422,
      message: 'no',
      details: { error: 1, wave: 'err(1)' },
    });
    expect((await call('{"wave": "a()"}')).json).toMatchObject({
      code: 'function-error',
      status: 422,
      error: 1,
      wave: 'err(1)',
    });
  });
});

it('describes a function with the address of the edge', async () => {
  const reply = await admin.call('GET', '/v1/functions/calc/openapi.json');
  expect(reply.json).toMatchObject({
    openapi: '3.1.0',
    servers: [{ url: 'http://127.0.0.1:8080/fn/calc' }],
  });
});
