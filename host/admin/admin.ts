import { randomUUID } from 'node:crypto';
import type { Hono } from 'hono';
import {
  PROBLEM_CONTENT_TYPE,
  problemOf,
  retryAfterOf,
  SelvedgeError,
  type Clock,
} from '../base/index.ts';
import type { Registry } from '../registry/index.ts';
import type { ArtifactStore } from '../store/index.ts';
import type { Logger } from '../telemetry/index.ts';
import { createAuthentication } from './authentication.ts';
import { addCall } from './call.ts';
import { addDeploy } from './deploy.ts';
import type { AdminDeployments } from './deployments.ts';
import { AdminError } from './errors.ts';
import { addFunctions } from './functions.ts';
import { addHealth } from './health.ts';
import { addDocument } from './document.ts';
import { checkHost, checkOrigin, checkTarget, notFound, SECURITY_HEADERS } from './perimeter.ts';
import { addTry } from './try/index.ts';
import { Router, type AdminContext, type AdminEnv } from './router.ts';
import { isUnfinished, lingering } from './upload/linger.ts';
import { defaultUploadLimits, type UploadLimits } from './upload/receive.ts';

export interface AdminOptions {
  readonly deployments: AdminDeployments;
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  /** See `adminToken`. */
  readonly token: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** False before the host serves, and while it drains. */
  readonly isReady: () => boolean;
  /** What is left out is as in `defaultUploadLimits`. */
  readonly limits?: Partial<UploadLimits> | undefined;
  /** URL of the edge without a trailing slash; undefined while there is none. */
  readonly edgeUrl?: (() => string | undefined) | undefined;
  /** Names that it may be called by besides loopback and its own address: `gateway.local`, or with a port. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Names one request; a random UUID unless given. */
  readonly requestId?: (() => string) | undefined;
}

/** Paths under `/v1/` that need no token: the document holds no secret, and scripts are made from it. */
const OPEN_PATHS = new Set(['/v1/openapi.json']);

/** The control plane. Needs the bindings of `@hono/node-server`: uploads are read from Node's own request. */
export function createAdmin(options: AdminOptions): Hono<AdminEnv> {
  const { clock, allowedHosts = [], requestId = randomUUID, edgeUrl = () => undefined } = options;
  const limits = { ...defaultUploadLimits, ...options.limits };
  const authenticate = createAuthentication(options.token, clock);
  const router = new Router();
  const { app } = router;

  app.use(async (c, next) => {
    const began = clock.monotonic();
    const id = requestId();
    c.set('requestId', id);
    c.set('logger', options.logger.child({ request_id: id }));
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      if (name !== 'content-security-policy' || !c.res.headers.has(name))
        c.res.headers.set(name, value);
    }
    c.res.headers.set('x-request-id', id);
    if (isUnfinished(c.env.incoming)) c.res = await lingering(c.res, c.env.incoming, clock);
    logAccess(c, Number((clock.monotonic() - began) / 1000n) / 1000);
  });
  app.use(async (c, next) => {
    const { incoming } = c.env;
    const path = checkTarget(incoming, new URL(c.req.url).pathname);
    checkHost(incoming, allowedHosts);
    checkOrigin(incoming);
    if (path.startsWith('/v1/') && !OPEN_PATHS.has(path))
      authenticate(incoming.headers.authorization, incoming.socket.remoteAddress ?? '');
    await next();
  });

  addFunctions(router, { registry: options.registry, deployments: options.deployments, edgeUrl });
  addDeploy(router, {
    deployments: options.deployments,
    artifacts: options.artifacts,
    clock,
    limits,
  });
  addCall(router, { deployments: options.deployments, clock, edgeUrl });
  addTry(router);
  addHealth(router, options.isReady);
  addDocument(router);

  app.notFound((c) => {
    const allow = router.allowed(c.req.path);
    if (allow.length === 0) return answer(c, notFound());
    c.header('allow', allow.join(', '));
    return answer(c, methodNotAllowed(c.req.method, allow));
  });
  app.onError((error, c) => {
    if (!(error instanceof SelvedgeError))
      c.get('logger').error({ err: error, path: pathOf(c) }, 'the admin API failed');
    else if (error.status >= 500)
      c.get('logger').warn(
        { err: error, path: pathOf(c) },
        'the admin API could not do what it was asked',
      );
    return answer(c, error);
  });
  return app;
}

function answer(c: AdminContext, error: unknown): Response {
  const problem = problemOf(error);
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== undefined) c.header('retry-after', String(retryAfter));
  // RFC 6750 section 3.
  if (problem.status === 401) c.header('www-authenticate', 'Bearer');
  c.header('content-type', PROBLEM_CONTENT_TYPE);
  return c.body(JSON.stringify(problem), problem.status as 400);
}

function logAccess(c: AdminContext, duration: number): void {
  const { method } = c.req;
  const remote = c.env.incoming.socket.remoteAddress;
  c.get('logger').info(
    { method, path: pathOf(c), status: c.res.status, duration_ms: duration, remote },
    'admin request',
  );
}

/** Without the query: somebody may have put a token there. */
function pathOf(c: AdminContext): string {
  return (c.env.incoming.url ?? '').split('?', 1)[0]?.slice(0, 256) ?? '';
}

function methodNotAllowed(method: string, allow: readonly string[]): AdminError {
  return new AdminError({
    code: 'method-not-allowed',
    status: 405,
    message: `${method.slice(0, 40)} is not taken here; ${allow.join(', ')} would be`,
    details: { allow },
  });
}
