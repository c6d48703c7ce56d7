/**
 * Functions and their versions: the only writer of them. A version is code and configuration, never changed;
 * a function has one active version; every change is whole or has not happened, whatever kills the process.
 *
 * May import `base`, `store` (and, as it grows, `component`, `rewrite`, `trust`).
 * Must never know how a function is called, routed or run: whoever serves a version keeps what it has loaded,
 * so that requests finish on the version they started on.
 */
export { createRegistry, type RegistryOptions } from './registry.ts';
export { RegistryError, type RegistryErrorCode } from './errors.ts';
export { sameJson } from './documents.ts';
export { checkFunctionName } from './name.ts';
export type {
  DamagedVersion,
  FunctionEntry,
  FunctionStatus,
  FunctionVersion,
  Problem,
  PublishOptions,
  PublishResult,
  Registry,
  RegistryChange,
  RegistryLogger,
  VersionFacts,
} from './model.ts';
