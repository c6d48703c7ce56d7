import type { CoreModule } from '../core-model.ts';
import { readTypesSection } from './section.ts';
import { isNumberType, type ScriptFunction, type ScriptModule, type ScriptType } from './types.ts';

/** asc's runtime interface (`--exportRuntime`), with which a host allocates in the guest. */
const RUNTIME = ['__new', '__pin', '__unpin', '__collect'] as const;
const CORE: Readonly<Record<string, ScriptType>> = {
  i32: 'i32',
  i64: 'i64',
  f32: 'f32',
  f64: 'f64',
};
/** What asc exports beside the module's own functions: nothing to call from outside. */
const OWN = /^(?:__|_start$|_initialize$|~)/;

/**
 * What AssemblyScript's compiler made of a module, `undefined` for a module that is none of its: one that exports its
 * memory, and asc's runtime or a section `selvedge:types`. Without the section, functions take and give numbers.
 *
 * Throws `ComponentError` where the section is not what the module is.
 */
export function readAssemblyScript(module: CoreModule): ScriptModule | undefined {
  const memory = module.exports.some(
    (each) => each.name === 'memory' && each.type.kind === 'memory',
  );
  if (!memory || module.imports.some((each) => each.module.startsWith('wasi_'))) return undefined;
  const described = readTypesSection(module);
  if (described !== undefined) return described;
  return hasRuntime(module)
    ? { functions: numericFunctions(module), classes: new Map(), described: false }
    : undefined;
}

/** Whether the host can allocate in the module. */
export function hasRuntime({ exports }: CoreModule): boolean {
  const kinds = new Map(exports.map((each) => [each.name, each.type.kind]));
  return (
    RUNTIME.every((name) => kinds.get(name) === 'func') && kinds.get('__rtti_base') === 'global'
  );
}

/** Whether anything of the function is allocated in the module's memory by the host. */
function allocates({ params }: ScriptFunction): boolean {
  return params.some(({ type }) => !isNumberType(type) && type !== 'bool');
}

/**
 * Why a function of the module cannot be called, as the end of a sentence that begins with its name; `undefined` where
 * it can be.
 */
export function uncallable(
  called: ScriptFunction,
  module: ScriptModule,
  runtime: boolean,
): string | undefined {
  for (const { name, type } of called.params) {
    const opaque = opaqueIn(type, module, new Set());
    if (opaque !== undefined) return `takes ${opaque} for ${name}, of which there is no JSON`;
  }
  const opaque =
    called.result === undefined ? undefined : opaqueIn(called.result, module, new Set());
  if (opaque !== undefined) return `gives ${opaque}, of which there is no JSON`;
  return !runtime && allocates(called)
    ? 'takes what is not a number, and the module was built without --exportRuntime'
    : undefined;
}

function opaqueIn(type: ScriptType, module: ScriptModule, seen: Set<string>): string | undefined {
  if (typeof type === 'string' || type.kind === 'typed') return undefined;
  if (type.kind === 'opaque') return type.name;
  if (type.kind === 'nullable') return opaqueIn(type.type, module, seen);
  if (type.kind === 'array') return opaqueIn(type.element, module, seen);
  if (seen.has(type.name)) return undefined;
  seen.add(type.name);
  for (const field of module.classes.get(type.name)?.fields ?? []) {
    const opaque = opaqueIn(field.type, module, seen);
    if (opaque !== undefined) return opaque;
  }
  return undefined;
}

function numericFunctions({ exports }: CoreModule): ScriptFunction[] {
  const found: ScriptFunction[] = [];
  for (const { name, type } of exports) {
    if (type.kind !== 'func' || OWN.test(name) || type.results.length > 1) continue;
    const all = [...type.params, ...type.results].map((each) =>
      typeof each === 'string' ? CORE[each] : undefined,
    );
    if (all.includes(undefined)) continue;
    const types = all as ScriptType[];
    const params = type.params.map((_, at) => ({
      name: `arg${at}`,
      type: types[at] as ScriptType,
      optional: false,
    }));
    found.push({
      name,
      params,
      result: type.results.length === 0 ? undefined : types.at(-1),
      doc: undefined,
    });
  }
  return found;
}
