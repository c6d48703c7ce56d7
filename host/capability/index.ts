/**
 * What a function may do: one folder per capability, each with what it links, how it is configured from
 * a version's grants, and what it prepares for one instance. `all.ts` lists them; a new capability is a
 * new folder and one line there.
 *
 * May import wasi, config, store. Must never know how a component is read, bound or scheduled, nor
 * who uploads it: imports come in as plain names, host objects go out.
 */
export type {
  Capability,
  CapabilityEnvironment,
  CommandLine,
  FunctionRules,
  GrantLine,
  Implementations,
  InstanceContext,
  InterfaceLink,
  Lookup,
  Preview1Link,
  SocketAddress,
} from './capability.ts';
export {
  checkScriptGrants,
  explainScript,
  scriptHost,
  type ScriptImport,
} from './assemblyscript.ts';
export { GrantError } from './errors.ts';
export {
  checkGrants,
  explain,
  type ImportedInterface,
  type ImportExplanation,
  type Refusal,
} from './grants.ts';
export { link, linkAll, type Linker } from './linker.ts';
export { checkCoreGrants, explainCore, type CoreModuleImport } from './preview1.ts';
export { systemLookup } from './lookup.ts';
