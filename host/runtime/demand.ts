import type { Component, CoreModule, Definition } from '../component/index.ts';
import { RuntimeError } from './errors.ts';

/** What one instance of a component brings into being, through all that it instantiates. */
export interface Demand {
  /** Instances of core modules. */
  readonly instances: number;
  readonly memories: number;
  /** Pages (64 KiB) that its memories have from the start. */
  readonly pages: number;
  readonly tables: number;
}

interface Scope {
  readonly component: Component;
  readonly outer: Scope | undefined;
}

const NOTHING: Demand = { instances: 0, memories: 0, pages: 0, tables: 0 };

/**
 * Counts instantiations, not definitions: a module that is instantiated a hundred times has a hundred
 * memories, and components that instantiate one another twice each double with every level (so the figures may
 * be as large as a double holds).
 *
 * What is instantiated is looked for through aliases and exports. For a core module that comes from outside of the
 * component that instantiates it, as an argument or the export of an instance, the most demanding of the upload is
 * assumed; a component that comes so could multiply without bound, and is refused with `RuntimeError` `feature-refused`.
 */
export function demandOf(component: Component): Demand {
  const memo = new Map<Component, Demand>();
  const modules: CoreModule[] = [];
  const collect = (each: Component) => {
    for (const { module } of each.modules) modules.push(module);
    for (const nested of each.components) collect(nested);
  };
  collect(component);
  const worstModule = modules.map(demandOfModule).reduce(larger, NOTHING);

  const visit = (scope: Scope): Demand => {
    const known = memo.get(scope.component);
    if (known !== undefined) return known;
    let total = NOTHING;
    for (const definition of scope.component.definitions)
      total = sum(total, demandOfDefinition(definition, scope));
    memo.set(scope.component, total);
    return total;
  };
  const demandOfDefinition = (definition: Definition, scope: Scope): Demand => {
    if (definition.kind === 'core-instance' && definition.init.kind === 'instantiate') {
      const module = resolve(scope, 'core module', definition.init.module);
      return module?.definition.kind === 'core-module'
        ? demandOfModule(module.definition.module.module)
        : worstModule;
    }
    if (definition.kind === 'instance' && definition.init.kind === 'instantiate') {
      const found = resolve(scope, 'component', definition.init.component);
      if (found?.definition.kind === 'component')
        return visit({ component: found.definition.component, outer: found.scope });
      throw new RuntimeError({
        code: 'feature-refused',
        status: 422,
        message:
          'the component instantiates a component that it is given from outside, which this host does not run',
        fix: 'link the components before the upload, so that each instantiates what it contains',
        details: { feature: 'component-arguments' },
      });
    }
    return NOTHING;
  };
  return visit({ component, outer: undefined });
}

interface Found {
  readonly definition: Definition;
  readonly scope: Scope;
}

/** What stands behind an index, past aliases of outer components and past exports, which are indices of their own. */
function resolve(
  scope: Scope,
  sort: 'core module' | 'component',
  index: number,
): Found | undefined {
  let at: Scope | undefined = scope;
  let wanted = index;
  while (at !== undefined) {
    const { coreModules, components } = at.component.spaces;
    const definition: Definition | undefined = (sort === 'component' ? components : coreModules)[
      wanted
    ]?.definition;
    if (definition === undefined) return undefined;
    if (definition.kind === 'alias' && definition.target.kind === 'outer') {
      wanted = definition.target.index;
      for (let up = definition.target.count; up > 0; up--) at = at?.outer;
    } else if (definition.kind === 'export') {
      wanted = definition.item.index;
    } else {
      return { definition, scope: at };
    }
  }
  return undefined;
}

/** Of a core module that is run by itself. */
export function demandOfModule(module: CoreModule): Demand {
  const own = <T>(kind: 'memory' | 'table', all: readonly T[]): readonly T[] =>
    all.slice(module.imports.filter((each) => each.type.kind === kind).length);
  const memories = own('memory', module.memories);
  const pages = memories.reduce((total, each) => total + Number(each.minimum), 0);
  return {
    instances: 1,
    memories: memories.length,
    pages,
    tables: own('table', module.tables).length,
  };
}

function sum(a: Demand, b: Demand): Demand {
  return {
    instances: a.instances + b.instances,
    memories: a.memories + b.memories,
    pages: a.pages + b.pages,
    tables: a.tables + b.tables,
  };
}

function larger(a: Demand, b: Demand): Demand {
  return {
    instances: Math.max(a.instances, b.instances),
    memories: Math.max(a.memories, b.memories),
    pages: Math.max(a.pages, b.pages),
    tables: Math.max(a.tables, b.tables),
  };
}
