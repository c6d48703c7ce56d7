/**
 * What a user writes: the manifest, a function's configuration, the grant flags; and the
 * diagnostics that point at a line. Syntax in, plain checked data out.
 *
 * May import base. Must never know how a grant is enforced, nor that a network exists.
 */
export type {
  AddressRange,
  CanonicalHost,
  ClockGrant,
  DirGrant,
  FunctionConfig,
  Grants,
  HostConfig,
  HostPattern,
  HttpGrant,
  Isolation,
  LogLevel,
  Manifest,
  ManifestFunction,
  OriginPattern,
  Route,
  SocketGrant,
} from './types.ts';
export { LOG_LEVELS } from './types.ts';
export {
  LIMITS,
  defaultLimits,
  formatLimit,
  type LimitName,
  type LimitRule,
  type LimitUnit,
  type Limits,
} from './limits.ts';
export { ConfigError, formatProblems, type ConfigProblem } from './errors.ts';
export { parseFunctionConfig, type FunctionConfigOptions } from './function-config.ts';
export { parseManifest, readManifest, type ManifestOptions } from './manifest.ts';
export { fileSystemProbe, type PathKind, type PathProbe } from './paths.ts';
export { GRANT_FLAGS, configFromFlags, type GrantFlag, type GrantFlagValues } from './flags.ts';
export { parseDirGrant } from './dirs.ts';
export { matchHost, matchOrigin, parseOriginPattern, type OriginTarget } from './origins.ts';
export { canonicalHost, parseAddressRange } from './hosts.ts';
export { parseSocketGrant, type SocketPattern } from './sockets.ts';
export { parseRoute } from './routes.ts';
export { parseListen, type ListenAddress } from './listen.ts';
export { parseFunctionName } from './names.ts';
export { functionConfigJsonSchema, manifestJsonSchema, type JsonSchema } from './json-schema.ts';
