import type { Component, CoreFeature, CoreModule } from '../component/index.ts';
import type { Limits } from '../config/index.ts';
import { capModule } from '../rewrite/index.ts';
import { RuntimeError } from './errors.ts';
import type { Program } from './program.ts';

const PAGE_BYTES = 65_536;

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
  let memories = 0;
  let minimum = 0n;
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
    const imported = module.imports.filter((each) => each.type.kind === 'memory').length;
    for (const memory of module.memories.slice(imported)) {
      memories += 1;
      minimum += memory.minimum;
    }
  }
  if (minimum > BigInt(pages)) {
    throw new RuntimeError({
      code: 'memory-too-large',
      status: 422,
      message: `the module starts with ${minimum * BigInt(PAGE_BYTES / 1024)} KiB of memory, and limits.memory is ${Math.floor(limits.memory / 1024)} KiB`,
      fix: `set limits.memory to at least "${(minimum + 15n) / 16n}MiB"`,
    });
  }
  const extraPages = memories === 0 ? 0 : Math.floor((pages - Number(minimum)) / memories);
  return (module) => capModule(module, { extraPages, tableElements: limits.tableElements });
}

function* coreModules(component: Component): Generator<CoreModule> {
  for (const embedded of component.modules) yield embedded.module;
  for (const nested of component.components) yield* coreModules(nested);
}
