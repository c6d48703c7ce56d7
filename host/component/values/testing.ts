/** Random types and random values of them, in their JSON form, for tests. */
import fc from 'fast-check';
import type { Case, Field, PrimitiveKind, ValType } from '../model.ts';
import type { Handles } from './handles.ts';
import { toJson } from './to-json.ts';
import { INTEGERS, isBytes, isIntegerKind, isWrappedInJson } from './conventions.ts';

const PRIMITIVES: readonly PrimitiveKind[] = [
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
];
const LABELS = [
  'a',
  'some',
  'none',
  'ok',
  'err',
  'tag',
  'val',
  'two-words',
  'x1',
  'constructor',
  'inf',
  'true',
  'then',
];

const noHandles: Handles = {
  give() {
    throw new Error('a value without handles gave one');
  },
  take: () => undefined,
};

/** Types of values, handles excepted. */
export function anyType(depth = 3): fc.Arbitrary<ValType> {
  const primitive: fc.Arbitrary<ValType> = fc.constantFrom(...PRIMITIVES).map((kind) => ({ kind }));
  if (depth === 0) return primitive;
  const part = anyType(depth - 1);
  const maybe = fc.option(part, { nil: undefined });
  const labels = fc.uniqueArray(fc.constantFrom(...LABELS), { minLength: 1, maxLength: 4 });
  return fc.oneof(
    primitive,
    part.map((element): ValType => ({ kind: 'list', element })),
    part.map((value): ValType => ({ kind: 'option', value })),
    fc.tuple(maybe, maybe).map(([ok, err]): ValType => ({ kind: 'result', ok, err })),
    fc
      .array(part, { minLength: 1, maxLength: 3 })
      .map((elements): ValType => ({ kind: 'tuple', elements })),
    labels.map((each): ValType => ({ kind: 'enum', labels: each })),
    labels.map((each): ValType => ({ kind: 'flags', labels: each })),
    labels.chain((names) =>
      fc
        .tuple(...names.map((name) => part.map((type): Field => ({ name, type }))))
        .map((fields): ValType => ({ kind: 'record', fields })),
    ),
    labels.chain((names) =>
      fc
        .tuple(...names.map((name) => maybe.map((type): Case => ({ name, type }))))
        .map((cases): ValType => ({ kind: 'variant', cases })),
    ),
  );
}

/** Values of a type, as `toJson` gives them. */
export function anyJson(type: ValType): fc.Arbitrary<unknown> {
  if (isIntegerKind(type.kind)) {
    const [min, max] = INTEGERS[type.kind];
    return fc
      .bigInt({ min, max })
      .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : `${value}`));
  }
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'f32':
      return fc
        .float()
        .map((value) =>
          Object.is(value, -0) ? value : toJson(type, value, { handles: noHandles, spend() {} }),
        );
    case 'f64':
      return fc.double().map(floatJson);
    case 'char':
      return fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
    case 'string':
      return fc.string({ unit: 'binary', maxLength: 8 });
    case 'list':
      if (isBytes(type))
        return fc
          .uint8Array({ maxLength: 8 })
          .map((bytes) => Buffer.from(bytes).toString('base64'));
      return fc.array(anyJson(type.element), { maxLength: 3 });
    case 'tuple':
      return fc.tuple(...type.elements.map(anyJson));
    case 'enum':
      return fc.constantFrom(...type.labels);
    case 'flags':
      return fc.subarray([...type.labels]);
    case 'record':
      return fc
        .tuple(...type.fields.map((each) => anyJson(each.type)))
        .map((values) =>
          Object.fromEntries(type.fields.map((each, index) => [each.name, values[index]])),
        );
    case 'variant':
      return fc.oneof(
        ...type.cases.map(({ name, type: payload }) =>
          payload === undefined
            ? fc.constant({ tag: name })
            : anyJson(payload).map((val) => ({ tag: name, val })),
        ),
      );
    case 'option':
      return fc.option(
        anyJson(type.value).map((value) => (isWrappedInJson(type) ? { some: value } : value)),
      );
    case 'result':
      return fc.oneof(side('ok', type.ok), side('err', type.err));
    default:
      throw new Error(`no values of ${type.kind}`);
  }
}

function side(tag: string, type: ValType | undefined): fc.Arbitrary<unknown> {
  return (type === undefined ? fc.constant(null) : anyJson(type)).map((value) => ({
    [tag]: value,
  }));
}

function floatJson(value: number): unknown {
  return Number.isFinite(value) ? value : String(value);
}
