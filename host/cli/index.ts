/**
 * The `selvedge` command: reads arguments, asks the host or the admin API, prints.
 *
 * May import base, config, component and trust; everything else comes in as `CliDependencies`.
 * Must never know how a function is stored, linked or run: it talks to the admin API over HTTP.
 */
export type {
  CliDependencies,
  HostSettings,
  ImportExplanation,
  ModuleExplanation,
  RawConfig,
  RunningFunction,
  RunningHost,
  RunOptions,
  ServeOptions,
  SignalSource,
  SingleFunction,
  TextSink,
} from './dependencies.ts';
export { hostDefaults, resolveHostSettings } from './host-settings.ts';
export { runCli } from './run.ts';
