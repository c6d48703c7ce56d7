import { z } from '@hono/zod-openapi';
import type { Clock } from '../base/index.ts';
import type { ArtifactStore } from '../store/index.ts';
import type { AdminDeployments } from './deployments.ts';
import { json, secured, SECURITY } from './describe.ts';
import { nameOf } from './functions.ts';
import { parseQuery, type Router } from './router.ts';
import { deployQuery, nameParam, schemas } from './schemas.ts';
import { receive, type UploadLimits } from './upload/receive.ts';
import { configView, versionView } from './views.ts';

export interface DeployOptions {
  readonly deployments: AdminDeployments;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly limits: UploadLimits;
}

const MODULE = {
  type: 'string',
  format: 'binary',
  description: 'A WebAssembly component or core module.',
} as const;
const CONFIG_REF = { $ref: '#/components/schemas/FunctionConfig' } as const;

/** The upload: the one route whose body is larger than memory should hold. */
export function addDeploy(
  router: Router,
  { deployments, artifacts, clock, limits }: DeployOptions,
): void {
  router.add(
    {
      method: 'put',
      path: '/v1/functions/{name}',
      operationId: 'deployFunction',
      summary: 'Upload a module, make it a version, and let it answer.',
      description:
        'The module is the body, and nothing is granted; or it is the part `module` (with a file name) of a form whose part `config` ' +
        'is the configuration as JSON. A module that is refused leaves nothing behind.',
      security: SECURITY,
      request: {
        params: z.object({ name: nameParam }),
        query: deployQuery,
        body: {
          required: true,
          content: {
            'application/wasm': { schema: MODULE },
            'multipart/form-data': {
              schema: {
                type: 'object',
                required: ['module'],
                additionalProperties: false,
                properties: { module: MODULE, config: CONFIG_REF },
              },
              encoding: {
                module: { contentType: 'application/wasm' },
                config: { contentType: 'application/json' },
              },
            },
          },
        },
      },
      responses: {
        200: json(
          z.union([schemas.inspection, schemas.version]),
          'Of a dry run: what the upload would be. Else: it is what is active already, and nothing changed.',
        ),
        201: json(schemas.version, 'The new version.'),
        ...secured({
          400: [
            'name-invalid',
            'query-invalid',
            'config-invalid',
            'config-not-text',
            'multipart-invalid',
            'module-missing',
            'part-unknown',
            'part-repeated',
            'part-not-a-file',
            'part-encoded',
            'upload-cut-off',
            'not-webassembly',
            'malformed-component',
            'malformed-module',
          ],
          408: ['upload-timeout'],
          409: ['route-conflict'],
          413: ['upload-too-large', 'artifact-too-large', 'config-too-large'],
          415: ['media-type-unsupported', 'content-encoding-unsupported'],
          422: [
            'no-lane',
            'invalid-component',
            'unsupported-version',
            'grants-missing',
            'imports-refused',
            'feature-refused',
            'memory-too-large',
            'instances-too-many',
            'component-unbindable',
          ],
          503: ['deployments-busy', 'storage-failed'],
          507: ['storage-full'],
        }),
      },
    },
    async (c) => {
      const query = parseQuery(deployQuery, c);
      const name = nameOf(c);
      const { staged, config } = await receive(c.env.incoming, c.env.outgoing, {
        artifacts,
        clock,
        limits,
      });
      try {
        if (query['dry-run'] === 'true') {
          const { sha256, size, lane, binder, warnings } = await deployments.inspect(
            name,
            staged,
            config,
          );
          return c.json({
            name,
            dryRun: true,
            sha256,
            size,
            lane,
            binder,
            ...configView(name, config),
            warnings,
          });
        }
        const result = await deployments.deploy(name, staged, config, {
          origin: 'upload',
          activate: query.activate !== 'false',
        });
        return c.json(
          versionView(result.version, result.active),
          result.outcome === 'unchanged' ? 200 : 201,
        );
      } finally {
        await staged.discard();
      }
    },
  );
}
