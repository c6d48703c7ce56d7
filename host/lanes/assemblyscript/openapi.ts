import {
  scriptSignature,
  scriptTypeText,
  type ScriptClass,
  type ScriptFunction,
  type ScriptModule,
  type ScriptType,
} from '../../component/index.ts';

type Schema = Readonly<Record<string, unknown>>;

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  i8: [-0x80, 0x7f],
  u8: [0, 0xff],
  i16: [-0x8000, 0x7fff],
  u16: [0, 0xffff],
  i32: [-0x8000_0000, 0x7fff_ffff],
  isize: [-0x8000_0000, 0x7fff_ffff],
  u32: [0, 0xffff_ffff],
  usize: [0, 0xffff_ffff],
};
const BASE64 = { type: 'string', contentEncoding: 'base64' } as const;
const PROBLEM = { $ref: '#/components/schemas/Problem' } as const;

/** An OpenAPI 3.1 document of the functions that can be called. `server` is where they answer, such as `/fn/calc`. */
export function openApiOf(
  functions: readonly ScriptFunction[],
  { classes }: ScriptModule,
  server: string,
): object {
  const keys = keysOf(classes);
  const schemas = Object.fromEntries(
    [...classes].map(([name, each]) => [keys.get(name) as string, classSchema(each, keys)]),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: server.split('/').at(-1) || 'functions',
      version: '1',
      description: 'Functions of an AssemblyScript module, called with JSON.',
    },
    servers: [{ url: server }],
    paths: Object.fromEntries(
      functions.map((each) => [`/${each.name}`, { post: operation(each, keys) }]),
    ),
    components: { schemas: { ...schemas, Problem: problemSchema } },
  };
}

function operation(called: ScriptFunction, keys: ReadonlyMap<string, string>): object {
  const { name, params, result, doc } = called;
  const required = params.filter((each) => !each.optional).map((each) => each.name);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(params.map((each) => [each.name, schemaOf(each.type, keys)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  return {
    operationId: name,
    summary: doc?.split('\n', 1)[0] ?? scriptSignature(called),
    ...described(doc),
    'x-assemblyscript': scriptSignature(called),
    requestBody: { required: required.length > 0, content: { 'application/json': { schema } } },
    responses: {
      ...(result === undefined
        ? { 204: { description: 'It is done; there is no result.' } }
        : {
            200: {
              description: 'The result.',
              content: { 'application/json': { schema: schemaOf(result, keys) } },
            },
          }),
      400: problem(
        'An argument is wrong. `path` is its JSON path, `expected` its type. Code: argument-invalid, arguments-not-json.',
      ),
      500: problem(
        'The function aborted, with `reason`, `file`, `line` and `column`, or trapped. Code: guest-aborted, guest-trapped.',
      ),
      503: problem('The function is busy. Code: function-busy.'),
      504: problem('The function did not finish in time. Code: timeout.'),
    },
  };
}

function schemaOf(type: ScriptType, keys: ReadonlyMap<string, string>): Schema {
  if (typeof type !== 'string') {
    if (type.kind === 'class') return { $ref: `#/components/schemas/${keys.get(type.name)}` };
    if (type.kind === 'nullable') return { anyOf: [schemaOf(type.type, keys), { type: 'null' }] };
    if (type.kind === 'array') return { type: 'array', items: schemaOf(type.element, keys) };
    // Of what cannot be converted no function is told of, only fields of classes that none of them takes.
    if (type.kind === 'opaque') return { not: {}, description: scriptTypeText(type) };
    return { type: 'array', items: schemaOf(type.element, keys), description: type.name };
  }
  if (type === 'string') return { type: 'string' };
  if (type === 'bool') return { type: 'boolean' };
  if (type === 'ArrayBuffer') return BASE64;
  if (type === 'i64' || type === 'u64') {
    const format = type === 'i64' ? 'int64' : 'uint64';
    return {
      type: ['integer', 'string'],
      format,
      description: 'In a string beyond 2^53; both are taken.',
    };
  }
  const range = RANGES[type];
  if (range !== undefined) return { type: 'integer', minimum: range[0], maximum: range[1] };
  return {
    anyOf: [
      { type: 'number', format: type === 'f32' ? 'float' : 'double' },
      { enum: ['NaN', 'Infinity', '-Infinity'] },
    ],
  };
}

function classSchema({ fields, doc }: ScriptClass, keys: ReadonlyMap<string, string>): Schema {
  const isNullable = (type: ScriptType) => typeof type === 'object' && type.kind === 'nullable';
  return {
    type: 'object',
    ...described(doc),
    properties: Object.fromEntries(
      fields.map((each) => [each.name, { ...schemaOf(each.type, keys), ...described(each.doc) }]),
    ),
    required: fields.filter((each) => !isNullable(each.type)).map((each) => each.name),
    additionalProperties: false,
  };
}

/** Names that OpenAPI allows; two that become one are told apart by a number. */
function keysOf(classes: ScriptModule['classes']): Map<string, string> {
  const taken = new Set(['Problem']);
  return new Map(
    [...classes.keys()].map((name) => {
      const wanted = name.replaceAll(/[^A-Za-z0-9._-]/g, '-');
      let key = wanted;
      for (let count = 2; taken.has(key); count += 1) key = `${wanted}.${count}`;
      taken.add(key);
      return [name, key];
    }),
  );
}

const problemSchema = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable; what programs should look at.' },
    fix: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
};

function problem(description: string): object {
  return { description, content: { 'application/problem+json': { schema: PROBLEM } } };
}

function described(text: string | undefined): Schema {
  return text === undefined ? {} : { description: text };
}
