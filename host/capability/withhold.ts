import { hostKey } from '../base/index.ts';
import type { Implementations, InterfaceLink } from './capability.ts';
import { hostName } from './host-name.ts';

type Members = Record<string, unknown>;

/**
 * The implementations without the functions that need a grant which was not given. Deploy refuses a
 * module that imports them; leaving them out here too means that no mistake there opens a door.
 */
export function withhold(
  implementations: Implementations,
  withheld: readonly InterfaceLink[],
): Implementations {
  const kept: Record<string, object> = { ...implementations };
  for (const link of withheld) {
    const key = hostKey(link.interface, link.version);
    const implementation = kept[key];
    if (implementation === undefined) continue;
    const members: Members = { ...(implementation as Members) };
    const hidden = new Map<string, string[]>();
    for (const [name, rule] of Object.entries(link.functions)) {
      if (rule === 'always') continue;
      const target = hostName(name);
      if (target.kind === 'function') delete members[target.member];
      else if (target.kind === 'method')
        hidden.set(target.resource, [...(hidden.get(target.resource) ?? []), target.member]);
      else
        throw new TypeError(
          `${link.interface}#${name}: only functions and methods can be withheld`,
        );
    }
    for (const [resource, methods] of hidden)
      members[resource] = without(members[resource] as new () => object, methods);
    if (Object.keys(members).length === 0) delete kept[key];
    else kept[key] = members;
  }
  return kept;
}

/** A class that stands for `resource` towards the binder, which still knows and drops its objects, but has not the methods. */
function without(resource: new () => object, methods: readonly string[]): object {
  const Facade = function Facade() {
    throw new TypeError('the resource has no constructor');
  };
  Object.defineProperty(Facade, Symbol.hasInstance, {
    value: (value: unknown) => value instanceof resource,
  });
  for (
    let at: object | null = resource.prototype;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const key of Reflect.ownKeys(at)) {
      if (
        key === 'constructor' ||
        methods.includes(key as string) ||
        Object.hasOwn(Facade.prototype, key)
      )
        continue;
      Object.defineProperty(
        Facade.prototype,
        key,
        Object.getOwnPropertyDescriptor(at, key) as PropertyDescriptor,
      );
    }
  }
  return Facade;
}
