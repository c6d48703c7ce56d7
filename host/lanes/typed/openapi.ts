import {
  isBytes,
  readDocs,
  type Component,
  type Docs,
  type ResourceType,
  type ValType,
} from '../../component/index.ts';
import type { Callable, Callables } from './callables.ts';
import {
  definitionOf,
  objectSchema,
  schemaOf,
  type NamedType,
  type Schema,
  type SchemaContext,
} from './schemas.ts';
import { signature } from './refusals.ts';

const PROBLEM = { $ref: '#/components/schemas/Problem' } as const;
const HANDLE_PATH = {
  name: 'handle',
  in: 'path',
  required: true,
  schema: { type: 'string' },
} as const;
const SESSION = {
  name: 'selvedge-session',
  in: 'header',
  required: false,
  schema: { type: 'string' },
  description:
    'Session in which the call runs, and new handles live. Handles among the arguments say it too.',
} as const;

/** An OpenAPI 3.1 document of what can be called. `server` is where the function answers, such as `/fn/calc`. */
export function openApiOf(component: Component, callables: Callables, server: string): object {
  const docs = readDocs(component);
  const named = namedTypes(component);
  const context: SchemaContext = { named, docs };
  const schemas: Record<string, Schema> = {};
  for (const [type, name] of named) {
    if (type.kind === 'resource') continue;
    schemas[name.key] = {
      ...definitionOf(type, context, name),
      ...described(docs.type(name.interface, name.name)),
    };
  }
  const paths: Record<string, object> = {};
  for (const each of callables.list)
    paths[`/${each.path}`] = { post: operation(each, callables, context) };
  for (const { path } of new Set(callables.resources.values())) {
    paths[`/${path}/{handle}`] = { delete: dropOperation(path) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: server.split('/').at(-1) ?? server,
      version: '1',
      description: 'Functions of a WebAssembly component, called with JSON.',
    },
    servers: [{ url: server }],
    tags: tagsOf(callables, docs),
    // Exports that cannot be called with JSON, and why.
    ...(callables.left.length === 0 ? {} : { 'x-left-out': callables.left }),
    paths,
    components: {
      schemas: {
        ...schemas,
        Problem: {
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
        },
      },
    },
  };
}

function operation(callable: Callable, callables: Callables, context: SchemaContext): object {
  const { params, interface: place } = callable;
  const doc = context.docs.function(place?.short, callable.name);
  const [only] = params;
  const raw = params.length === 1 && only !== undefined && isBytes(only.type);
  const content = {
    'application/json': { schema: objectSchema(params, context) },
    ...(raw ? { 'application/octet-stream': {} } : {}),
  };
  return {
    operationId: callable.path.replaceAll(/[^A-Za-z0-9-]+/g, '.'),
    summary: doc?.split('\n', 1)[0] ?? signature(callable, callables),
    ...(doc === undefined ? {} : { description: doc }),
    tags: [place?.full ?? 'functions'],
    'x-wit': signature(callable, callables),
    ...(callable.takesHandles || callable.givesHandles ? { parameters: [SESSION] } : {}),
    requestBody: { required: params.length > 0, content },
    responses: responsesOf(callable, context),
  };
}

function responsesOf({ kind, result }: Callable, context: SchemaContext): object {
  const type = result?.kind === 'result' ? result.ok : result;
  const errors = result?.kind === 'result' ? { 422: errorOf(result.err, context) } : {};
  return {
    ...(type === undefined
      ? { 204: { description: 'It is done; there is no result.' } }
      : { 200: success(type, kind, context) }),
    400: problem(
      'An argument is wrong. `path` is its JSON path, `expected` its WIT type. Code: argument-invalid, arguments-not-json.',
    ),
    ...errors,
    500: problem('The function trapped. Code: guest-trapped.'),
    503: problem('The function is busy. Code: function-busy, sessions-full.'),
    504: problem('The function did not finish in time. Code: timeout.'),
  };
}

function success(type: ValType, kind: Callable['kind'], context: SchemaContext): object {
  const schema = schemaOf(type, context);
  return {
    description: 'The result.',
    content: {
      'application/json': {
        schema:
          kind === 'constructor'
            ? { type: 'object', properties: { handle: schema }, required: ['handle'] }
            : schema,
      },
      ...(isBytes(type) ? { 'application/octet-stream': {} } : {}),
    },
  };
}

function errorOf(type: ValType | undefined, context: SchemaContext): object {
  const error = type === undefined ? { type: 'null' } : schemaOf(type, context);
  return {
    description: "The function's own error, as `error`. Code: function-error.",
    content: {
      'application/problem+json': {
        schema: {
          allOf: [PROBLEM, { type: 'object', properties: { error }, required: ['error'] }],
        },
      },
    },
  };
}

function dropOperation(path: string): object {
  return {
    operationId: `${path.replaceAll(/[^A-Za-z0-9-]+/g, '.')}.drop`,
    summary: 'Drops a handle; the last one of a session ends the session.',
    parameters: [HANDLE_PATH],
    responses: {
      204: { description: 'It is gone.' },
      404: problem('There is no such handle. Code: session-unknown.'),
    },
  };
}

function problem(description: string): object {
  return { description, content: { 'application/problem+json': { schema: PROBLEM } } };
}

function tagsOf({ list }: Callables, docs: Docs): object[] {
  const places = new Map(
    list.map((each) => [each.interface?.full ?? 'functions', each.interface?.short]),
  );
  return [...places].map(([name, short]) => ({
    name,
    ...described(short === undefined ? undefined : docs.interface(short)),
  }));
}

function described(text: string | undefined): Schema {
  return text === undefined ? {} : { description: text };
}

/** Types by the interface that names them first; two interfaces of one short name are told apart by a number. */
function namedTypes(component: Component): Map<ValType | ResourceType, NamedType> {
  const named = new Map<ValType | ResourceType, NamedType>();
  const taken = new Set(['Problem']);
  const add = (place: string | undefined, name: string, type: ValType | ResourceType): void => {
    if (named.has(type)) return;
    const wanted = (place === undefined ? name : `${place}.${name}`).replaceAll(
      /[^A-Za-z0-9.-]/g,
      '-',
    );
    let key = wanted;
    for (let count = 2; taken.has(key); count += 1) key = `${wanted}.${count}`;
    taken.add(key);
    named.set(type, { key, interface: place, name });
  };
  for (const { name, parsed, type } of component.exports) {
    if (type.kind === 'type') addType(name, undefined, type.type, add);
    if (type.kind !== 'instance') continue;
    const place = parsed.kind === 'interface' ? parsed.interface : name;
    for (const [each, member] of type.exports)
      if (member.kind === 'type') addType(each, place, member.type, add);
  }
  return named;
}

function addType(
  name: string,
  place: string | undefined,
  type: { readonly kind: string },
  add: (place: string | undefined, name: string, type: ValType | ResourceType) => void,
): void {
  // A primitive by another name is the primitive: its object may be shared with others.
  if (
    [
      'record',
      'variant',
      'enum',
      'flags',
      'tuple',
      'list',
      'option',
      'result',
      'resource',
    ].includes(type.kind)
  ) {
    add(place, name, type as ValType | ResourceType);
  }
}
