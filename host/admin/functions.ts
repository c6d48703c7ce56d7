import { z } from '@hono/zod-openapi';
import { checkFunctionName, type Registry } from '../registry/index.ts';
import type { AdminDeployments } from './deployments.ts';
import { json, secured, SECURITY } from './describe.ts';
import { AdminError } from './errors.ts';
import { parseQuery, type AdminContext, type Router } from './router.ts';
import { nameParam, noQuery, schemas, versionParam } from './schemas.ts';
import { functionView, versionView } from './views.ts';

export interface FunctionsOptions {
  readonly registry: Registry;
  readonly deployments: AdminDeployments;
  readonly edgeUrl: () => string | undefined;
}

const named = z.object({ name: nameParam });
const PREPARING = {
  409: ['route-conflict', 'function-quarantined', 'nothing-to-roll-back-to', 'version-damaged'],
  422: [
    'grants-missing',
    'imports-refused',
    'feature-refused',
    'memory-too-large',
    'instances-too-many',
    'component-unbindable',
  ],
  503: ['deployments-busy', 'storage-failed'],
  507: ['storage-full'],
};

/** Everything about functions but the upload. */
export function addFunctions(
  router: Router,
  { registry, deployments, edgeUrl }: FunctionsOptions,
): void {
  const view = (name: string) => {
    const entry = registry.get(name);
    // Asked for the versions of a function that is not there, the registry says so in its own words.
    if (entry === undefined) return void registry.versions(name);
    return functionView(entry, registry, deployments, edgeUrl());
  };

  router.add(
    {
      method: 'get',
      path: '/v1/functions',
      operationId: 'listFunctions',
      summary: 'List the functions, in the order of their names.',
      security: SECURITY,
      responses: { 200: json(schemas.functions, 'All functions.'), ...secured({}) },
    },
    (c) => {
      parseQuery(noQuery, c);
      return c.json({
        functions: registry
          .list()
          .map((entry) => functionView(entry, registry, deployments, edgeUrl())),
      });
    },
  );

  router.add(
    {
      method: 'get',
      path: '/v1/functions/{name}',
      operationId: 'getFunction',
      summary: 'Show a function: its active version, grants, limits, and how it is being served.',
      security: SECURITY,
      request: { params: named },
      responses: {
        200: json(schemas.function, 'The function.'),
        ...secured({ 400: ['name-invalid', 'query-invalid'], 404: ['function-unknown'] }),
      },
    },
    (c) => {
      parseQuery(noQuery, c);
      return c.json(view(nameOf(c)));
    },
  );

  router.add(
    {
      method: 'get',
      path: '/v1/functions/{name}/versions',
      operationId: 'listVersions',
      summary: 'List the versions of a function, the oldest first.',
      security: SECURITY,
      request: { params: named },
      responses: {
        200: json(schemas.versions, 'Its versions.'),
        ...secured({ 400: ['name-invalid', 'query-invalid'], 404: ['function-unknown'] }),
      },
    },
    (c) => {
      parseQuery(noQuery, c);
      const name = nameOf(c);
      const active = registry.get(name)?.active?.version;
      return c.json({
        versions: registry
          .versions(name)
          .map((version) => versionView(version, version.version === active)),
        damaged: registry.damaged(name).map(({ version, problem }) => ({ version, problem })),
      });
    },
  );

  router.add(
    {
      method: 'post',
      path: '/v1/functions/{name}/versions/{version}/activate',
      operationId: 'activateVersion',
      summary:
        'Make a version the one that answers. Requests in flight finish on the version they began on.',
      security: SECURITY,
      request: { params: z.object({ name: nameParam, version: versionParam }) },
      responses: {
        200: json(schemas.function, 'The function as it is now.'),
        ...secured({
          ...PREPARING,
          400: ['name-invalid', 'version-invalid', 'query-invalid', 'config-invalid'],
          404: ['function-unknown', 'version-unknown'],
        }),
      },
    },
    async (c) => {
      parseQuery(noQuery, c);
      const name = nameOf(c);
      await deployments.activate(name, versionOf(c));
      return c.json(view(name));
    },
  );

  router.add(
    {
      method: 'post',
      path: '/v1/functions/{name}/rollback',
      operationId: 'rollBack',
      summary: 'Go back to the version that was active before; again, to the one before that.',
      security: SECURITY,
      request: { params: named },
      responses: {
        200: json(schemas.function, 'The function as it is now.'),
        ...secured({
          ...PREPARING,
          400: ['name-invalid', 'query-invalid', 'config-invalid'],
          404: ['function-unknown'],
        }),
      },
    },
    async (c) => {
      parseQuery(noQuery, c);
      const name = nameOf(c);
      await deployments.rollback(name);
      return c.json(view(name));
    },
  );

  router.add(
    {
      method: 'delete',
      path: '/v1/functions/{name}',
      operationId: 'removeFunction',
      summary: 'Remove a function with all its versions.',
      security: SECURITY,
      request: { params: named },
      responses: {
        204: { description: 'It is gone.' },
        ...secured({
          400: ['name-invalid', 'query-invalid'],
          404: ['function-unknown'],
          503: ['storage-failed'],
          507: ['storage-full'],
        }),
      },
    },
    async (c) => {
      parseQuery(noQuery, c);
      await deployments.remove(nameOf(c));
      return c.body(null, 204);
    },
  );
}

/** Throws `RegistryError` `name-invalid`. */
export function nameOf(c: AdminContext): string {
  return checkFunctionName(c.req.param('name') ?? '');
}

function versionOf(c: AdminContext): number {
  const text = c.req.param('version') ?? '';
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new AdminError({
    code: 'version-invalid',
    status: 400,
    message: `${JSON.stringify(text.slice(0, 40))} is not the number of a version`,
    fix: 'versions are numbered 1, 2, 3…; GET /v1/functions/NAME/versions lists them',
  });
}
