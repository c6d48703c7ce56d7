import { z } from '@hono/zod-openapi';

/** Checked by hand, so that a wrong name has the registry's own code; the pattern is for the document. */
export const nameParam = z.string().openapi({
  param: { name: 'name', in: 'path' },
  description: 'Name of the function.',
  pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
  example: 'telemetry',
});

export const versionParam = z.string().openapi({
  param: { name: 'version', in: 'path' },
  description: 'Number of a version: 1, 2, 3…',
  pattern: '^[1-9][0-9]{0,8}$',
  example: '3',
});

const flag = z.enum(['true', 'false']).optional();

export const deployQuery = z.strictObject({
  'dry-run': flag.openapi({
    description: 'true: check the upload as deploying it would, and keep nothing.',
  }),
  activate: flag.openapi({
    description: 'false: keep the version, and let the active one answer on. Default true.',
  }),
});

export const noQuery = z.strictObject({});

const configShape = {
  routes: z.array(z.string()).openapi({
    description: 'Where it answers on the edge.',
    example: ['/fn/telemetry/*', 'GET /telemetry/*'],
  }),
  isolation: z.enum(['request', 'instance']),
  grants: z
    .record(z.string(), z.unknown())
    .openapi({ description: 'What it may touch: as it was written, defaults filled in.' }),
  limits: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .openapi({ description: 'What it may use: as it was written, defaults filled in.' }),
  warnings: z.array(z.string()).openapi({ description: 'What to know though nothing is wrong.' }),
};

const artifactShape = {
  sha256: z.string().openapi({
    description: 'SHA-256 of the module, lower-case hexadecimal.',
    pattern: '^[0-9a-f]{64}$',
  }),
  size: z.int().openapi({ description: 'Bytes of the module.' }),
  lane: z.string().openapi({ description: 'How the module is called.', example: 'http-0.2' }),
  binder: z.string().openapi({ description: 'What binds it to the host.', example: 'jco' }),
};

const problemSchema = z
  .looseObject({
    type: z.url().openapi({ example: 'https://selvedge.dev/problems/function-unknown' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().openapi({
      description: 'Stable; what programs should look at.',
      example: 'function-unknown',
    }),
    fix: z.string().optional().openapi({ description: 'The way out.' }),
  })
  .openapi('Problem', { description: 'Problem details (RFC 9457).' });

const versionSchema = z
  .object({
    name: z.string(),
    version: z.int(),
    ...artifactShape,
    active: z.boolean(),
    createdAt: z.iso.datetime(),
    origin: z.enum(['upload', 'manifest']),
    ...configShape,
  })
  .openapi('Version', { description: 'Code and configuration, never changed.' });

const causeSchema = z.object({ code: z.string(), message: z.string(), fix: z.string() });

const functionSchema = versionSchema
  .partial()
  .extend({
    name: z.string(),
    status: z.enum(['active', 'inactive', 'quarantined', 'unavailable']).openapi({
      description:
        'inactive: no version answers. quarantined: what is stored of it is damaged. unavailable: it is active and could not be prepared.',
    }),
    url: z.url().optional().openapi({ description: 'Where it answers whatever its routes are.' }),
    problem: causeSchema.optional().openapi({ description: 'Why it cannot be served.' }),
    inFlight: z.int().openapi({ description: 'Requests that have begun and not finished.' }),
    instances: z.int().openapi({ description: 'Instances that exist now.' }),
    updatedAt: z.iso.datetime().optional(),
  })
  .openapi('Function', {
    description: 'A function: its active version, or the latest where none is active.',
  });

export const schemas = {
  problem: problemSchema,
  version: versionSchema,
  function: functionSchema,
  functions: z.object({ functions: z.array(functionSchema) }).openapi('Functions'),
  versions: z
    .object({
      versions: z.array(versionSchema),
      damaged: z.array(z.object({ version: z.int(), problem: causeSchema })),
    })
    .openapi('Versions', { description: 'Oldest first; damaged ones cannot be activated.' }),
  inspection: z
    .object({ name: z.string(), dryRun: z.literal(true), ...artifactShape, ...configShape })
    .openapi('Inspection', { description: 'What the upload would be.' }),
  health: z.object({ status: z.literal('ok') }).openapi('Health'),
} as const;
