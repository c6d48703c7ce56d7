import { z } from '@hono/zod-openapi';
import type { Clock } from '../base/index.ts';
import type { AdminDeployments } from './deployments.ts';
import { json, secured, SECURITY } from './describe.ts';
import { AdminError } from './errors.ts';
import { nameOf } from './functions.ts';
import { parseQuery, type AdminContext, type Router } from './router.ts';
import { nameParam, noQuery } from './schemas.ts';
import { checkLength, readBody } from './upload/body.ts';

export interface CallOptions {
  readonly deployments: AdminDeployments;
  readonly clock: Clock;
  readonly edgeUrl: () => string | undefined;
}

const MAX_BYTES = 24 * 2 ** 20;
const BODY_MS = 30_000;

const session = z
  .string()
  .max(200)
  .optional()
  .openapi({ description: 'The session of an earlier answer.' });
const callSchema = z.union([
  z.strictObject({
    wave: z
      .string()
      .max(MAX_BYTES)
      .openapi({ description: 'A call in WAVE.', example: 'add(1, 2)' }),
    session,
  }),
  z.strictObject({
    path: z.string().max(2000).openapi({
      description: 'Where it is posted below the function.',
      example: 'mirror/echo-u8',
    }),
    args: z.unknown().optional().openapi({ description: 'The arguments by their WIT names.' }),
    method: z
      .enum(['POST', 'DELETE'])
      .optional()
      .openapi({ description: 'DELETE drops a handle. Default POST.' }),
    session,
  }),
]);
const answerSchema = z
  .object({
    json: z
      .unknown()
      .optional()
      .openapi({ description: 'The result; absent where there is none.' }),
    wave: z.string().optional().openapi({ description: 'The result in WAVE, of a call in WAVE.' }),
    session,
  })
  .openapi('CallAnswer');

/** Calling typed functions, and what describes them. */
export function addCall(router: Router, { deployments, clock, edgeUrl }: CallOptions): void {
  const params = z.object({ name: nameParam });
  router.add(
    {
      method: 'get',
      path: '/v1/functions/{name}/openapi.json',
      operationId: 'describeFunction',
      summary: 'The OpenAPI document of a function whose exports are called with JSON.',
      security: SECURITY,
      request: { params },
      responses: {
        200: {
          description: 'OpenAPI 3.1, made of its WIT.',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
        ...secured({
          400: ['name-invalid', 'query-invalid'],
          404: ['function-unknown'],
          409: ['not-typed'],
          503: ['function-unavailable'],
        }),
      },
    },
    (c) => {
      parseQuery(noQuery, c);
      const name = nameOf(c);
      return c.json(deployments.document(name, `${edgeUrl() ?? ''}/fn/${name}`));
    },
  );

  router.add(
    {
      method: 'post',
      path: '/v1/functions/{name}/call',
      operationId: 'callFunction',
      summary:
        'Call one of its functions, in WAVE or with JSON, by the way that the edge calls it.',
      description:
        "What the function's own `result` fails with is 422 `function-error`, as on the edge.",
      security: SECURITY,
      request: {
        params,
        body: { required: true, content: { 'application/json': { schema: callSchema } } },
      },
      responses: {
        200: json(answerSchema, 'Its result.'),
        ...secured({
          400: [
            'name-invalid',
            'query-invalid',
            'call-invalid',
            'wave-invalid',
            'argument-invalid',
            'sessions-mixed',
          ],
          404: ['function-unknown', 'export-unknown', 'session-unknown'],
          409: ['not-typed', 'session-busy'],
          413: ['upload-too-large', 'arguments-too-large'],
          422: ['function-error'],
          500: ['internal', 'guest-trapped', 'result-too-large'],
          503: ['function-busy', 'sessions-full', 'function-unavailable'],
        }),
      },
    },
    async (c) => {
      parseQuery(noQuery, c);
      const name = nameOf(c);
      const call = callSchema.safeParse(await bodyOf(c, clock));
      if (!call.success) throw invalid(call.error.issues[0]?.message ?? 'it is no call');
      const { outgoing } = c.env;
      const answer = await deployments.call(name, call.data, {
        logger: c.get('logger'),
        onAbandoned(gone) {
          const closed = () => gone();
          outgoing.on('close', closed);
          return () => outgoing.off('close', closed);
        },
      });
      return c.json(answer);
    },
  );
}

/** Throws `call-invalid` (400), `upload-too-large` (413), `upload-timeout` (408). */
async function bodyOf(c: AdminContext, clock: Clock): Promise<unknown> {
  const { incoming, outgoing } = c.env;
  checkLength(incoming, MAX_BYTES);
  const late = new AbortController();
  const stop = clock.after(BODY_MS, () => late.abort(tooSlow()));
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of readBody(incoming, outgoing, {
      maxBytes: MAX_BYTES,
      signal: late.signal,
      received() {},
    }))
      chunks.push(chunk);
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw invalid('the body is not JSON');
    throw thrown;
  } finally {
    stop();
  }
}

function invalid(problem: string): AdminError {
  return new AdminError({
    code: 'call-invalid',
    status: 400,
    message: `the call is not valid: ${problem.slice(0, 300)}`,
    fix: 'send {"wave": "add(1, 2)"} or {"path": "add", "args": {"a": 1, "b": 2}}',
  });
}

function tooSlow(): AdminError {
  return new AdminError({
    code: 'upload-timeout',
    status: 408,
    message: `the call did not come within ${BODY_MS / 1000} s`,
  });
}
