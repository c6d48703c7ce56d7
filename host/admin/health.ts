import { AdminError } from './errors.ts';
import { json, open } from './describe.ts';
import type { Router } from './router.ts';
import { schemas } from './schemas.ts';

/** For whoever watches the process: no token, and nothing told but whether it is there. */
export function addHealth(router: Router, isReady: () => boolean): void {
  router.add(
    {
      method: 'get',
      path: '/healthz',
      operationId: 'health',
      summary: 'Whether the process is alive.',
      responses: { 200: json(schemas.health, 'It is.'), ...open() },
    },
    (c) => c.json({ status: 'ok' }),
  );
  router.add(
    {
      method: 'get',
      path: '/readyz',
      operationId: 'readiness',
      summary:
        'Whether functions answer: not before the host has started, and not while it drains.',
      responses: { 200: json(schemas.health, 'They do.'), ...open({ 503: ['not-ready'] }) },
    },
    (c) => {
      if (isReady()) return c.json({ status: 'ok' });
      throw new AdminError({
        code: 'not-ready',
        status: 503,
        message: 'the host is starting or ending',
        fix: 'ask again after the time in Retry-After',
        details: { retryAfter: 1 },
      });
    },
  );
}
