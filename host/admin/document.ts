import { functionConfigJsonSchema } from '../config/index.ts';
import { open } from './describe.ts';
import type { Router } from './router.ts';

/** Serves the description of every route that has been added, OpenAPI 3.1. */
export function addDocument(router: Router): void {
  router.add(
    {
      method: 'get',
      path: '/v1/openapi.json',
      operationId: 'openapi',
      summary: 'This document.',
      responses: {
        200: {
          description: 'OpenAPI 3.1.',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
        ...open(),
      },
    },
    (c) => {
      document ??= describe(router);
      return c.json(document);
    },
  );
  let document: object | undefined;
}

function describe({ app }: Router): object {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'The admin token: DATA/admin-token, or SELVEDGE_ADMIN_TOKEN.',
  });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Selvedge admin API',
      version: '1',
      description:
        'Deploys WebAssembly functions and says how they are served. Every refusal is a problem document (RFC 9457) with a stable `code`; ' +
        'every response carries `x-request-id`, which the log has too.',
      license: { name: 'Apache-2.0' },
    },
  });
  const { $schema: _dialect, ...config } = functionConfigJsonSchema();
  const { components = {} } = document;
  return {
    ...document,
    components: {
      ...components,
      schemas: {
        ...components.schemas,
        FunctionConfig: {
          title: 'FunctionConfig',
          description: "The manifest's [function.NAME] table as JSON, without `module`.",
          ...config,
        },
      },
    },
  };
}
