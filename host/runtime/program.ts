import type { Component, CoreModule, ScriptModule } from '../component/index.ts';

/**
 * What is run: a component, a core module that AssemblyScript's compiler made, or one that imports nothing but
 * `wasi_snapshot_preview1`.
 */
export type Program =
  | { readonly component: Component }
  | { readonly module: CoreModule; readonly script: ScriptModule }
  | { readonly module: CoreModule };
