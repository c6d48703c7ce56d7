import type { Component, CoreFeature, CoreModule } from '../component/index.ts';
import type { Limits } from '../config/index.ts';
import { capModule } from '../rewrite/index.ts';
import { demandOf, demandOfModule } from './demand.ts';
import { RuntimeError } from './errors.ts';
import type { Program } from './program.ts';

const PAGE_BYTES = 65_536;

/** Core instances of one component instance: a program of WASI has four. Each request may make them anew. */
const MAX_INSTANCES = 256;
/** Tables of one component instance, as each may grow to limits.tableElements. */
const MAX_TABLES = 64;

/** Features with which a guest can make V8 abort the whole process, or share memory beyond its instance. */
const REFUSED: ReadonlyMap<CoreFeature, string> = new Map([
  ['gc', 'garbage-collected types'],
  ['threads', 'shared memory and threads'],
  ['shared-everything', 'shared-everything threads'],
  ['memory64', '64-bit memories'],
  ['table64', '64-bit tables'],
  ['custom-page-sizes', 'custom page sizes'],
  ['stack-switching', 'stack switching'],
]);

/**
 * What must be done to a program's core modules so that its instances stay within their limits.
 * Throws `RuntimeError` for a program that could not start within them, before anything of it is compiled.
 */
export function confine(program: Program, limits: Limits): (module: Uint8Array) => Uint8Array {
  const pages = Math.floor(limits.memory / PAGE_BYTES);
  for (const module of 'module' in program ? [program.module] : coreModules(program.component)) {
    for (const feature of module.features) {
      const what = REFUSED.get(feature);
      if (what === undefined) continue;
      throw new RuntimeError({
        code: 'feature-refused',
        status: 422,
        message: `a core module uses ${what}, which this host does not run`,
        fix: 'build the module without that feature',
        details: { feature },
      });
    }
  }
  const {
    instances,
    memories,
    tables,
    pages: minimum,
  } = 'module' in program ? demandOfModule(program.module) : demandOf(program.component);
  if (instances > MAX_INSTANCES || tables > MAX_TABLES) {
    throw new RuntimeError({
      code: 'instances-too-many',
      status: 422,
      message: `the program makes ${instances} core instances with ${tables} tables, and ${MAX_INSTANCES} with ${MAX_TABLES} are run`,
      fix: 'instantiate each module once',
    });
  }
  if (minimum > pages) {
    throw new RuntimeError({
      code: 'memory-too-large',
      status: 422,
      message: `the module starts with ${minimum * (PAGE_BYTES / 1024)} KiB of memory, and limits.memory is ${Math.floor(limits.memory / 1024)} KiB`,
      fix: `set limits.memory to at least "${Math.ceil(minimum / 16)}MiB"`,
    });
  }
  const extraPages = memories === 0 ? 0 : Math.floor((pages - minimum) / memories);
  return (module) => capModule(module, { extraPages, tableElements: limits.tableElements });
}

function* coreModules(component: Component): Generator<CoreModule> {
  for (const embedded of component.modules) yield embedded.module;
  for (const nested of component.components) yield* coreModules(nested);
}
