import {
  isBytes,
  type Docs,
  type Field,
  type ResourceType,
  type ValType,
} from '../../component/index.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** A named type of an interface: it becomes a schema that others refer to. */
export interface NamedType {
  /** Key under `components/schemas`: `mirror.point`. */
  readonly key: string;
  readonly interface: string | undefined;
  readonly name: string;
}

export interface SchemaContext {
  readonly named: ReadonlyMap<ValType | ResourceType, NamedType>;
  readonly docs: Docs;
}

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  u8: [0, 0xff],
  s8: [-0x80, 0x7f],
  u16: [0, 0xffff],
  s16: [-0x8000, 0x7fff],
  u32: [0, 0xffff_ffff],
  s32: [-0x8000_0000, 0x7fff_ffff],
};

/** The JSON schema (2020-12, of OpenAPI 3.1) of what `fromJson` takes and `toJson` gives. */
export function schemaOf(type: ValType, context: SchemaContext): Schema {
  const named = context.named.get(type);
  return named === undefined
    ? definitionOf(type, context)
    : { $ref: `#/components/schemas/${named.key}` };
}

/** The schema itself, for `components/schemas`; `self` is what it is named. */
export function definitionOf(type: ValType, context: SchemaContext, self?: NamedType): Schema {
  const sub = (part: ValType): Schema => schemaOf(part, context);
  const docsOf = (item: string): Schema => {
    const text =
      self === undefined ? undefined : context.docs.item(self.interface, self.name, item);
    return text === undefined ? {} : { description: text };
  };
  switch (type.kind) {
    case 'bool':
      return { type: 'boolean' };
    case 'u64':
      return wide('^(0|[1-9][0-9]{0,19})$', { minimum: 0 }, 'u64');
    case 's64':
      return wide('^(0|-?[1-9][0-9]{0,18})$', {}, 's64');
    case 'f32':
    case 'f64':
      return {
        oneOf: [
          { type: 'number', format: type.kind === 'f32' ? 'float' : 'double' },
          { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] },
        ],
      };
    case 'char':
      return {
        type: 'string',
        minLength: 1,
        maxLength: 1,
        description: 'One Unicode scalar value.',
      };
    case 'string':
      return { type: 'string' };
    case 'list':
      if (isBytes(type))
        return { type: 'string', contentEncoding: 'base64', description: 'Bytes as base64.' };
      return { type: 'array', items: sub(type.element) };
    case 'fixed-list':
      return {
        type: 'array',
        items: sub(type.element),
        minItems: type.length,
        maxItems: type.length,
      };
    case 'tuple':
      return {
        type: 'array',
        prefixItems: type.elements.map(sub),
        items: false,
        minItems: type.elements.length,
        maxItems: type.elements.length,
      };
    case 'record':
      return objectSchema(type.fields, context, docsOf);
    case 'enum':
      return { type: 'string', enum: type.labels };
    case 'flags':
      return { type: 'array', items: { type: 'string', enum: type.labels }, uniqueItems: true };
    case 'variant':
      return {
        oneOf: type.cases.map((each) => ({
          type: 'object',
          ...docsOf(each.name),
          properties: {
            tag: { const: each.name },
            ...(each.type === undefined ? {} : { val: sub(each.type) }),
          },
          required:
            each.type === undefined || each.type.kind === 'option' ? ['tag'] : ['tag', 'val'],
          additionalProperties: false,
        })),
      };
    case 'option': {
      const some = sub(type.value);
      return {
        oneOf: [{ type: 'null' }, type.value.kind === 'option' ? only('some', some) : some],
      };
    }
    case 'result':
      return {
        oneOf: [
          only('ok', type.ok === undefined ? { type: 'null' } : sub(type.ok)),
          only('err', type.err === undefined ? { type: 'null' } : sub(type.err)),
        ],
      };
    case 'own':
    case 'borrow': {
      const name = context.named.get(type.resource)?.name ?? type.resource.name ?? 'resource';
      const moved = type.kind === 'own' ? ' Given as an argument, it is gone afterwards.' : '';
      return { type: 'string', description: `The handle of a ${name}.${moved}` };
    }
    default: {
      const range = RANGES[type.kind];
      return range === undefined
        ? {}
        : { type: 'integer', format: type.kind, minimum: range[0], maximum: range[1] };
    }
  }
}

/** Parameters, or fields of a record: those that are options may be left out. */
export function objectSchema(
  fields: readonly Field[],
  context: SchemaContext,
  extra: (name: string) => Schema = () => ({}),
): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      fields.map((each) => [each.name, { ...schemaOf(each.type, context), ...extra(each.name) }]),
    ),
    required: fields.filter((each) => each.type.kind !== 'option').map((each) => each.name),
    additionalProperties: false,
  };
}

function only(name: string, schema: Schema): Schema {
  return {
    type: 'object',
    properties: { [name]: schema },
    required: [name],
    additionalProperties: false,
  };
}

function wide(pattern: string, range: Schema, format: string): Schema {
  return {
    oneOf: [
      { type: 'integer', format, ...range },
      { type: 'string', pattern, description: 'Decimal digits: how values beyond 2^53 are given.' },
    ],
  };
}
