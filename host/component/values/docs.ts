import type { Component } from '../model.ts';

/** Doc comments of a component's WIT. */
export interface Docs {
  /** Of an interface by its short name, a function, type, or member of one, by their WIT names. */
  interface(name: string): string | undefined;
  function(interfaceName: string | undefined, name: string): string | undefined;
  type(interfaceName: string | undefined, name: string): string | undefined;
  item(interfaceName: string | undefined, type: string, item: string): string | undefined;
}

/**
 * wit-parser's metadata.rs: WIT packages carry their doc comments in the section `package-docs`, as JSON behind a
 * version byte. In a component it may only speak of the world itself, so scripts/wit-docs.mjs has a name of its own.
 */
const SECTIONS: ReadonlySet<string> = new Set(['package-docs', 'selvedge:wit-docs']);
const VERSIONS: ReadonlySet<number> = new Set([0, 1]);
const MAX_BYTES = 4 * 2 ** 20;
const MAX_TEXT = 4000;

interface Scope {
  readonly docs?: unknown;
  readonly funcs?: unknown;
  readonly types?: unknown;
}

/**
 * The doc comments that a component carries in a custom section, its own or one of its core modules'. Such a section
 * has no meaning for execution: what does not decode is as if it were not there.
 */
export function readDocs(component: Component): Docs {
  const interfaces = new Map<string, Scope>();
  let world: Scope | undefined;
  for (const bytes of sections(component)) {
    const root = decode(bytes);
    for (const [name, each] of entries(root?.['interfaces']))
      interfaces.set(name, objectOf(each) ?? {});
    for (const [, each] of entries(root?.['worlds'])) {
      const found = objectOf(each) ?? {};
      const functions = { ...objectOf(found['funcs']), ...objectOf(found['func_exports']) };
      world ??= { funcs: functions, types: found['types'] };
      for (const [name, one] of [
        ...entries(found['interfaces']),
        ...entries(found['interface_exports']),
      ]) {
        if (!interfaces.has(name)) interfaces.set(name, objectOf(one) ?? {});
      }
    }
  }
  const scope = (name: string | undefined): Scope | undefined =>
    name === undefined ? world : interfaces.get(name);
  return {
    interface: (name) => textOf(interfaces.get(name)?.docs),
    function: (name, each) => docsOf(own(scope(name)?.funcs, each)),
    type: (name, each) => docsOf(own(scope(name)?.types, each)),
    item: (name, type, each) => textOf(own(own(own(scope(name)?.types, type), 'items'), each)),
  };
}

function* sections(component: Component): Generator<Uint8Array> {
  const holders = [component, ...component.modules.map((each) => each.module)];
  for (const { customSections } of holders) {
    for (const { name, bytes } of customSections) {
      if (SECTIONS.has(name) && bytes.length <= MAX_BYTES) yield bytes;
    }
  }
}

function decode(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (!VERSIONS.has(bytes[0] ?? -1)) return undefined;
  try {
    return objectOf(
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(1))),
    );
  } catch {
    return undefined;
  }
}

/** The first version wrote the text itself, later ones an object that holds it. */
function docsOf(value: unknown): string | undefined {
  return textOf(typeof value === 'string' ? value : objectOf(value)?.['docs']);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT) : undefined;
}

function own(value: unknown, key: string): unknown {
  const object = objectOf(value);
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

function entries(value: unknown): [string, unknown][] {
  return Object.entries(objectOf(value) ?? {});
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
