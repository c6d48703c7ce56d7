import type { FuncType, ValType } from '../component/index.ts';

/** A function's type as WIT writes it: `(n: u32) -> result<u64, string>`. */
export function functionText({ params, result, async }: FuncType): string {
  const list = params.map(({ name, type }) => `${name}: ${typeText(type)}`).join(', ');
  return `${async ? 'async ' : ''}(${list})${result === undefined ? '' : ` -> ${typeText(result)}`}`;
}

/** A type in WIT's words, two levels deep: deeper ones are for the OpenAPI document. */
function typeText(type: ValType, depth = 2): string {
  if (depth === 0) return '…';
  const inner = (one: ValType | undefined) => (one === undefined ? '_' : typeText(one, depth - 1));
  switch (type.kind) {
    case 'record':
      return `record { ${type.fields.map((field) => `${field.name}: ${inner(field.type)}`).join(', ')} }`;
    case 'variant':
      return `variant { ${type.cases
        .map((one) => (one.type === undefined ? one.name : `${one.name}(${inner(one.type)})`))
        .join(', ')} }`;
    case 'list':
      return `list<${inner(type.element)}>`;
    case 'fixed-list':
      return `list<${inner(type.element)}, ${type.length}>`;
    case 'map':
      return `map<${inner(type.key)}, ${inner(type.value)}>`;
    case 'tuple':
      return `tuple<${type.elements.map(inner).join(', ')}>`;
    case 'flags':
    case 'enum':
      return `${type.kind} { ${type.labels.join(', ')} }`;
    case 'option':
      return `option<${inner(type.value)}>`;
    case 'result':
      if (type.ok === undefined && type.err === undefined) return 'result';
      if (type.err === undefined) return `result<${inner(type.ok)}>`;
      return `result<${inner(type.ok)}, ${inner(type.err)}>`;
    case 'own':
      return type.resource.name ?? 'resource';
    case 'borrow':
      return `borrow<${type.resource.name ?? 'resource'}>`;
    case 'stream':
    case 'future':
      return type.element === undefined ? type.kind : `${type.kind}<${inner(type.element)}>`;
    default:
      return type.kind;
  }
}
