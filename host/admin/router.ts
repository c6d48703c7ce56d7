import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { z } from 'zod';
import type { Logger } from '../telemetry/index.ts';
import { AdminError } from './errors.ts';

export interface AdminEnv {
  Bindings: HttpBindings;
  Variables: { requestId: string; logger: Logger };
}

export type AdminContext = Context<AdminEnv>;

/** Routes and their description in one place, so that neither is without the other. */
export class Router {
  readonly app = new OpenAPIHono<AdminEnv>();
  readonly #paths: { readonly pattern: RegExp; readonly method: string }[] = [];

  add(route: RouteConfig, handler: (context: AdminContext) => Response | Promise<Response>): void {
    this.app.openAPIRegistry.registerPath(route);
    this.app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), handler);
    this.#paths.push({
      pattern: new RegExp(
        `^${route.path.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+')}$`,
      ),
      method: route.method.toUpperCase(),
    });
  }

  /** Methods that a path takes; empty for a path that is none. */
  allowed(path: string): string[] {
    const methods = this.#paths
      .filter(({ pattern }) => pattern.test(path))
      .map(({ method }) => method);
    return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  }
}

/** The query, checked. Throws `query-invalid` (400) for a key that is unknown, given twice, or has a wrong value. */
export function parseQuery<T extends z.ZodType>(schema: T, context: AdminContext): z.output<T> {
  const queries = context.req.queries();
  const parsed = schema.safeParse(
    Object.fromEntries(
      Object.entries(queries).map(([key, values]) => [
        key,
        values.length === 1 ? values[0] : values,
      ]),
    ),
  );
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 20)
    .map((issue) => ({ path: issue.path.join('.'), message: issue.message.slice(0, 200) }));
  throw new AdminError({
    code: 'query-invalid',
    status: 400,
    message: `the query is not valid: ${problems[0]?.message ?? ''}`,
    fix: 'GET /v1/openapi.json lists what each path takes; values are true and false',
    details: { problems },
  });
}
