import type { ResourceType, ValType } from '../model.ts';

/** The names that a component's exports give to types: values of one type share one object. */
export type TypeNames = ReadonlyMap<ValType | ResourceType, string>;

const NO_NAMES: TypeNames = new Map();

/** A type as WIT writes it: by its name where it has one, else in full. */
export function typeText(type: ValType, names: TypeNames = NO_NAMES): string {
  const name = names.get(type);
  if (name !== undefined) return name;
  switch (type.kind) {
    case 'record':
      return `record { ${type.fields.map((each) => `${each.name}: ${typeText(each.type, names)}`).join(', ')} }`;
    case 'variant':
      return `variant { ${type.cases.map((each) => each.name + payload(each.type, names)).join(', ')} }`;
    case 'list':
      return `list<${typeText(type.element, names)}>`;
    case 'fixed-list':
      return `list<${typeText(type.element, names)}, ${type.length}>`;
    case 'map':
      return `map<${typeText(type.key, names)}, ${typeText(type.value, names)}>`;
    case 'tuple':
      return `tuple<${type.elements.map((each) => typeText(each, names)).join(', ')}>`;
    case 'flags':
      return `flags { ${type.labels.join(', ')} }`;
    case 'enum':
      return `enum { ${type.labels.join(', ')} }`;
    case 'option':
      return `option<${typeText(type.value, names)}>`;
    case 'result':
      return resultText(type, names);
    case 'own':
      return resourceText(type.resource, names);
    case 'borrow':
      return `borrow<${resourceText(type.resource, names)}>`;
    case 'stream':
    case 'future':
      return type.element === undefined
        ? type.kind
        : `${type.kind}<${typeText(type.element, names)}>`;
    default:
      return type.kind;
  }
}

export function resourceText(resource: ResourceType, names: TypeNames = NO_NAMES): string {
  return names.get(resource) ?? resource.name ?? 'resource';
}

function payload(type: ValType | undefined, names: TypeNames): string {
  return type === undefined ? '' : `(${typeText(type, names)})`;
}

/** WIT.md, "result": an absent `ok` is `_` before an `err`. */
function resultText({ ok, err }: ValType & { kind: 'result' }, names: TypeNames): string {
  if (ok === undefined && err === undefined) return 'result';
  const first = ok === undefined ? '_' : typeText(ok, names);
  return err === undefined ? `result<${first}>` : `result<${first}, ${typeText(err, names)}>`;
}
