import {
  lowerCamel,
  unsupportedIn,
  upperCamel,
  typeText,
  type Component,
  type ExternType,
  type Field,
  type FuncType,
  type ResourceType,
  type TypeNames,
  type ValType,
} from '../../component/index.ts';
import type { Guest } from '../../runtime/index.ts';

export type CallableKind = 'function' | 'constructor' | 'method' | 'static';

/** One exported function that can be called with JSON. */
export interface Callable {
  readonly kind: CallableKind;
  /** Where it answers, below the function: `add`, `mirror/echo-u8`, `counters/counter/get`. */
  readonly path: string;
  /** The interface that it is in, by its short and its full name. */
  readonly interface: { readonly short: string; readonly full: string } | undefined;
  /** Its WIT name: `add`, `[method]counter.get`. */
  readonly name: string;
  readonly params: readonly Field[];
  readonly result: ValType | undefined;
  /** Whether handles of the guest's resources are among its parameters; among its results. */
  readonly takesHandles: boolean;
  readonly givesHandles: boolean;
  /** Calls it, with values in the binders' conventions. */
  call(guest: Guest, args: readonly unknown[]): Promise<unknown>;
}

/** A resource whose handles can be dropped. */
export interface CallableResource {
  readonly path: string;
  readonly resource: ResourceType;
}

export interface Callables {
  /** By every path that leads to one. */
  readonly functions: ReadonlyMap<string, Callable>;
  readonly resources: ReadonlyMap<string, CallableResource>;
  /** Each function once, in the order of the component. */
  readonly list: readonly Callable[];
  readonly names: TypeNames;
  /** Exported functions that cannot be called so, and why. */
  readonly left: readonly { readonly name: string; readonly reason: string }[];
}

interface Place {
  /** The export's full name; `undefined` for what the component exports itself. */
  readonly full: string | undefined;
  readonly short: string | undefined;
  /** Prefixes of the paths below it, the canonical one first. */
  readonly prefixes: readonly string[];
  readonly members: Iterable<readonly [string, ExternType]>;
}

/** Everything of a component that can be called with JSON. */
export function callablesOf(component: Component): Callables {
  const places = placesOf(component);
  const names = new Map<ValType | ResourceType, string>();
  const owned = new Set<ResourceType>();
  for (const { members } of places) {
    for (const [name, member] of members) {
      if (member.kind !== 'type' || !isNamed(member.type.kind)) continue;
      const type = member.type as ValType | ResourceType;
      if (!names.has(type)) names.set(type, name);
      if (type.kind === 'resource') owned.add(type);
    }
  }
  const functions = new Map<string, Callable>();
  const resources = new Map<string, CallableResource>();
  const list: Callable[] = [];
  const left: { name: string; reason: string }[] = [];
  for (const place of places) {
    for (const [name, member] of place.members) {
      if (member.kind === 'type' && member.type.kind === 'resource' && owned.has(member.type)) {
        const entry = { path: `${place.prefixes[0]}${name}`, resource: member.type };
        for (const prefix of place.prefixes) resources.set(prefix + name, entry);
      }
      if (member.kind !== 'func') continue;
      const reason = reasonAgainst(member, owned, names);
      if (reason !== undefined) {
        left.push({ name: place.full === undefined ? name : `${place.full}#${name}`, reason });
        continue;
      }
      const callable = callableOf(place, name, member);
      list.push(callable);
      for (const prefix of place.prefixes) functions.set(prefix + pathOf(name), callable);
    }
  }
  return { functions, resources, list, names, left };
}

function placesOf(component: Component): Place[] {
  const plain: [string, ExternType][] = [];
  const instances: { full: string; short: string; members: ReadonlyMap<string, ExternType> }[] = [];
  for (const { name, parsed, type } of component.exports) {
    if (type.kind !== 'instance') plain.push([name, type]);
    else if (parsed.kind === 'interface')
      instances.push({ full: name, short: parsed.interface, members: type.exports });
    else instances.push({ full: name, short: name, members: type.exports });
  }
  const shorts = Map.groupBy(instances, (each) => each.short);
  return [
    { full: undefined, short: undefined, prefixes: [''], members: plain },
    ...instances.map(({ full, short, members }) => {
      const unambiguous = shorts.get(short)?.length === 1;
      return {
        full,
        short,
        prefixes: [...(unambiguous ? [`${short}/`] : []), `${full}/`],
        members,
      };
    }),
  ];
}

function isNamed(kind: string): boolean {
  return !['func', 'instance', 'component', 'stream', 'future', 'own', 'borrow'].includes(kind);
}

const MEMBER = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/;

/** `[method]counter.get` is called at `counter/get`, and `[constructor]counter` at `counter`. */
function pathOf(name: string): string {
  const [, , resource, member] = MEMBER.exec(name) ?? [];
  if (resource === undefined) return name;
  return member === undefined ? resource : `${resource}/${member}`;
}

function callableOf({ full, short, prefixes }: Place, name: string, type: FuncType): Callable {
  const [, kind = 'function', resource, member] = MEMBER.exec(name) ?? [];
  const { params, result } = type;
  return {
    kind: kind as CallableKind,
    path: prefixes[0] + pathOf(name),
    interface: full === undefined || short === undefined ? undefined : { full, short },
    name,
    params,
    result,
    takesHandles: params.some((each) => hasHandle(each.type)),
    givesHandles: result !== undefined && hasHandle(result),
    // Asynchronous, so that what the binder throws at once rejects like the rest.
    async call(guest, args) {
      const holder = (full === undefined ? guest.exports : guest.exports[full]) as Exports;
      if (resource === undefined) return (holder[lowerCamel(name)] as Call)(...args);
      const made = holder[upperCamel(resource)] as unknown as ResourceClass;
      if (member === undefined) return new made(...args);
      if (kind === 'static') return (made[lowerCamel(member)] as Call)(...args);
      const [self, ...rest] = args;
      return (self as Exports)[lowerCamel(member)]?.(...rest);
    },
  };
}

type Call = (...args: readonly unknown[]) => unknown;
type Exports = Readonly<Record<string, Call>>;
type ResourceClass = (new (...args: readonly unknown[]) => object) & Exports;

function reasonAgainst(
  type: FuncType,
  owned: ReadonlySet<ResourceType>,
  names: TypeNames,
): string | undefined {
  if (type.async) return 'it is async, of WASI 0.3';
  const types = type.params.map((each) => each.type);
  if (type.result !== undefined) types.push(type.result);
  for (const each of types) {
    const part = unsupportedIn(each);
    if (part !== undefined) return `${typeText(part, names)} has no JSON form`;
    const foreign = findHandle(each, (resource) => !owned.has(resource));
    if (foreign !== undefined)
      return `${foreign.name ?? 'a resource'} is a resource of another component`;
  }
  return undefined;
}

function hasHandle(type: ValType): boolean {
  return findHandle(type, () => true) !== undefined;
}

function findHandle(
  type: ValType | undefined,
  wanted: (resource: ResourceType) => boolean,
): ResourceType | undefined {
  const among = (types: readonly (ValType | undefined)[]): ResourceType | undefined => {
    for (const each of types) {
      const found = findHandle(each, wanted);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  switch (type?.kind) {
    case 'own':
    case 'borrow':
      return wanted(type.resource) ? type.resource : undefined;
    case 'record':
      return among(type.fields.map((each) => each.type));
    case 'variant':
      return among(type.cases.map((each) => each.type));
    case 'list':
    case 'fixed-list':
      return findHandle(type.element, wanted);
    case 'tuple':
      return among(type.elements);
    case 'option':
      return findHandle(type.value, wanted);
    case 'result':
      return among([type.ok, type.err]);
    default:
      return undefined;
  }
}
