/**
 * Reading a component: decodes the component binary format and core modules into a small
 * immutable model, with every type resolved, and answers what an upload imports and exports.
 *
 * May import: `base`. Must never know: grants, lanes, WASI, where bytes come from or are kept.
 * It trusts no byte: whatever it is given, it returns a model or throws `ComponentError`.
 */
export { readComponent } from './component.ts';
export { readCoreModule } from './core-module.ts';
export { sniff } from './sniff.ts';
export type { Sniffed } from './sniff.ts';
export { usedFunctions } from './uses.ts';
export type { UsedImport } from './uses.ts';
export { isLabel, parseExternName, tryParseExternName } from './names.ts';
export type { ExternName, InterfaceName } from './names.ts';
export {
  compareVersions,
  isCompatible,
  parseVersion,
  tryParseVersion,
  versionTrack,
} from './semver.ts';
export type { Version } from './semver.ts';
export { ComponentError } from './errors.ts';
export type { ComponentErrorCode, ComponentFailure } from './errors.ts';
export { DEFAULT_READ_LIMITS } from './limits.ts';
export type { ReadLimits } from './limits.ts';
export type * from './model.ts';
export type * from './core-model.ts';
export type {
  BindOptions,
  Binder,
  BinderCache,
  BoundComponent,
  GuestExports,
  HostImports,
  Lifetime,
} from './binder.ts';
export {
  bindCoreModule,
  type CoreBindOptions,
  type CoreHost,
  type CoreImports,
} from './core-binder.ts';
export { createJcoBinder, type JcoBinderOptions } from './jco/binder.ts';
export { BinderError } from './jco/errors.ts';
export { isBytes, lowerCamel, unsupportedIn, upperCamel } from './values/conventions.ts';
export { readDocs, type Docs } from './values/docs.ts';
export { ValueError } from './values/errors.ts';
export { membersFromJson } from './values/from-json.ts';
export { argumentsFromWave, jsonText } from './values/from-wave.ts';
export type { Handles } from './values/handles.ts';
export { parseJson } from './values/json-text.ts';
export { toJson } from './values/to-json.ts';
export { resultText, toWave } from './values/to-wave.ts';
export { typeText, type TypeNames } from './values/type-text.ts';
export { WaveError, WaveLexer } from './values/wave-lexer.ts';
export * from './assemblyscript/index.ts';
