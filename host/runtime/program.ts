import type { Component, CoreModule, ScriptModule } from '../component/index.ts';

/** What is run: a component, or a core module that AssemblyScript's compiler made. */
export type Program =
  | { readonly component: Component }
  | { readonly module: CoreModule; readonly script: ScriptModule };
