import * as z from 'zod';
import { FUNCTION_NAME_PATTERN } from '../base/index.ts';
import { functionSchema, hostSchema } from './schema.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** JSON Schema (2020-12) of what an upload's `config` part may hold. */
export function functionConfigJsonSchema(): JsonSchema {
  return z.toJSONSchema(functionSchema.omit({ module: true }), { io: 'input' });
}

/** JSON Schema (2020-12) of `selvedge.toml`, for editors. */
export function manifestJsonSchema(): JsonSchema {
  const manifest = z.strictObject({
    host: hostSchema.optional().describe('Settings of the host; flags win over them.'),
    function: z
      .record(
        z.string().regex(new RegExp(FUNCTION_NAME_PATTERN)),
        functionSchema.required({ module: true }),
      )
      .optional()
      .describe('One table for each function.'),
  });
  return { title: 'selvedge.toml', ...z.toJSONSchema(manifest, { io: 'input' }) };
}
