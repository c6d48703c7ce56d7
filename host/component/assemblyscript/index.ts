/** Core modules that AssemblyScript's compiler made: their types, values of them as JSON, and the binder. */
export {
  bindAssemblyScript,
  type ScriptBindOptions,
  type ScriptExports,
  type ScriptHost,
  type ScriptLogLevel,
} from './binder.ts';
export { checkArguments, checkValue, type ScriptValue } from './check.ts';
export type { LiftOptions } from './memory.ts';
export { hasRuntime, readAssemblyScript, uncallable } from './module.ts';
export {
  scriptSignature,
  scriptTypeText,
  type NumberType,
  type ScriptClass,
  type ScriptFunction,
  type ScriptModule,
  type ScriptType,
} from './types.ts';
export { ScriptValueError } from './value-error.ts';
