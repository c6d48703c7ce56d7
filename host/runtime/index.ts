/**
 * Running functions: what a version needs to be ready, its instances, and the limits each run is held to.
 *
 * May import component, capability, rewrite and config. Must never know HTTP, routes or where artifacts are kept.
 */
export { importedInterfaces, scriptImports } from './admission.ts';
export { RuntimeError } from './errors.ts';
export { FunctionRuntime } from './function-runtime.ts';
export type { Guest, RunScope } from './guest.ts';
export type { Program } from './program.ts';
export { createRuntimes, type Code, type Runtimes, type RuntimesOptions } from './runtimes.ts';
