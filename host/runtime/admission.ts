import {
  checkCoreGrants,
  checkGrants,
  checkScriptGrants,
  type CoreModuleImport,
  type ImportedInterface,
  type Refusal,
} from '../capability/index.ts';
import {
  usedFunctions,
  type Component,
  type ComponentImport,
  type CoreModule,
  type InstanceType,
} from '../component/index.ts';
import type { Grants } from '../config/index.ts';
import { RuntimeError } from './errors.ts';
import type { Program } from './program.ts';

/** What a component imports, in the terms of the capabilities. */
export function importedInterfaces(component: Component): ImportedInterface[] {
  return usedFunctions(component).map(({ parsed, name, functions, others }, index) => {
    const called = functions.map((each) => each.name);
    const { type } = component.imports[index] as ComponentImport;
    if (parsed.kind === 'interface' && type.kind === 'instance' && others.length === 0) {
      return {
        name: `${parsed.namespace}:${parsed.package}/${parsed.interface}`,
        version: parsed.version,
        functions: called,
        resources: resourcesOf(type),
      };
    }
    const sort = others[0]?.kind ?? (type.kind === 'func' ? 'func' : 'instance');
    return { name, functions: called, sort };
  });
}

const LETTERS: Readonly<Record<string, string>> = { i32: 'i', i64: 'I', f32: 'f', f64: 'F' };

/** What a core module imports, in the same terms. */
export function coreImports({ imports }: CoreModule): CoreModuleImport[] {
  return imports.map(({ module, name, type }) => {
    if (type.kind !== 'func') return { module, name, kind: type.kind };
    const letters = (types: readonly unknown[]) =>
      types.map((each) => LETTERS[String(each)] ?? '?').join('');
    return {
      module,
      name,
      kind: 'func',
      signature: `${letters(type.params)}>${letters(type.results)}`,
    };
  });
}

/** Every reason why the program may not run with these grants. */
function refusalsOf(program: Program, grants: Grants): readonly Refusal[] {
  if ('script' in program) return checkScriptGrants(coreImports(program.module), grants);
  if ('module' in program) return checkCoreGrants(coreImports(program.module), grants);
  return checkGrants(importedInterfaces(program.component), grants);
}

function resourcesOf(type: InstanceType): string[] {
  const names: string[] = [];
  for (const [name, member] of type.exports)
    if (member.kind === 'type' && member.bound === 'sub') names.push(name);
  return names;
}

/** Throws `grants-missing` (422), with every import that no grant covers and the line that would. */
export function admit(program: Program, grants: Grants): void {
  const refusals = refusalsOf(program, grants);
  if (refusals.length === 0) return;
  throw new RuntimeError({
    code: refusals.every((each) => each.code === 'import-not-granted')
      ? 'grants-missing'
      : 'imports-refused',
    status: 422,
    message: refusals.map((each) => each.message).join('; '),
    fix: fixes(refusals),
    details: { refusals },
  });
}

function fixes(refusals: readonly Refusal[]): string {
  return [...new Set(refusals.map((each) => each.fix))].join('; ');
}
