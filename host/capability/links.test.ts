import { describe, expect, test } from 'vitest';
import { hostKey } from '../base/index.ts';
import { defaultLimits } from '../config/index.ts';
import { all } from './all.ts';
import { hostName } from './host-name.ts';
import { linkAll } from './linker.ts';
import { environment, httpGrant, instanceContext, noGrants, socketGrant } from './testing.ts';

const everything = {
  ...noGrants,
  clocks: { ...noGrants.clocks, wall: true },
  poll: true,
  random: true,
  http: [httpGrant('*')],
  sockets: [socketGrant('*:*:*')],
};
const links = all.flatMap((capability) => capability.links);

/** Every function and method on the host objects, named as `hostName` names them. */
function provided(implementation: object): string[] {
  return Object.entries(implementation).flatMap(([name, member]) => {
    if (!/^[A-Z]/.test(name)) return [name];
    const names = new Set<string>();
    for (
      let at = member.prototype;
      at !== null && at !== Object.prototype;
      at = Object.getPrototypeOf(at)
    ) {
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
        if (typeof value === 'function' && key !== 'constructor') names.add(`${name}.${key}`);
    }
    for (let at = member; at !== Function.prototype; at = Object.getPrototypeOf(at)) {
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
        if (typeof value === 'function') names.add(`${name}#${key}`);
    }
    return [...names];
  });
}

function listed(functions: object): string[] {
  return Object.keys(functions).flatMap((wit) => {
    const name = hostName(wit);
    if (name.kind === 'function') return [name.member];
    if (name.kind === 'constructor') return [];
    return [`${name.resource}${name.kind === 'method' ? '.' : '#'}${name.member}`];
  });
}

/** Resources that have no functions and so are in no list. */
const WITHOUT_FUNCTIONS = ['TerminalInput', 'TerminalOutput', 'Network'];

describe.each(links.map((link) => [hostKey(link.interface, link.version), link] as const))(
  '%s',
  (name, link) => {
    test('the host objects have every listed function', async () => {
      await using linker = await linkAll(everything, defaultLimits(), environment);
      const imports = linker.instantiate(instanceContext());
      expect(provided(imports[name] ?? {})).toEqual(expect.arrayContaining(listed(link.functions)));
    });

    test('every constructor listed can be called, and belongs to a class that is there', async () => {
      await using linker = await linkAll(everything, defaultLimits(), environment);
      const implementation = linker.instantiate(instanceContext())[name] as Record<string, unknown>;
      const classes = Object.keys(link.functions).flatMap((wit) => {
        const found = hostName(wit);
        return found.kind === 'function' ? [] : [found.resource];
      });
      for (const resource of classes) expect(implementation[resource]).toBeTypeOf('function');
    });

    test('the host objects have no function and no class that is not listed', async () => {
      await using linker = await linkAll(everything, defaultLimits(), environment);
      const members = Object.keys(linker.instantiate(instanceContext())[name] ?? {});
      const known = listed(link.functions).map((one) => one.split(/[.#]/)[0]);
      // Classes also have methods for the host's own use, which no list can tell from those of WIT: see wit.test.ts.
      expect(
        members.filter((one) => !known.includes(one) && !WITHOUT_FUNCTIONS.includes(one)),
      ).toEqual([]);
    });

    test('says what grants it where it has something to grant, and only there', () => {
      expect(link.grant !== undefined).toBe(Object.values(link.functions).includes('granted'));
    });
  },
);

test('the host objects have no interface that is not listed', async () => {
  await using linker = await linkAll(everything, defaultLimits(), environment);
  expect(Object.keys(linker.instantiate(instanceContext())).toSorted()).toEqual(
    links.map((link) => hostKey(link.interface, link.version)).toSorted(),
  );
});

test('every blocking function is a listed one', () => {
  const names = links.flatMap((link) =>
    Object.keys(link.functions).map((name) => `${link.interface}#${name}`),
  );
  expect(names).toEqual(
    expect.arrayContaining(all.flatMap((capability) => [...capability.blocking])),
  );
});
