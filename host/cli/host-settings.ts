import { resolve } from 'node:path';
import type { HostConfig, LogLevel } from '../config/index.ts';
import type { HostSettings } from './dependencies.ts';

/**
 * The levels that may be asked for, least first. Named here again because the manifest's reader
 * would have to be loaded for its list; the types keep both the same.
 */
export const logLevels = [
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
] as const satisfies readonly LogLevel[];

/** What holds where neither a flag, nor the environment, nor the manifest says otherwise. */
export const hostDefaults: HostSettings = {
  listen: '127.0.0.1:8080',
  adminListen: '127.0.0.1:8081',
  data: '.selvedge',
  workers: 1,
  logLevel: 'info',
};

/**
 * The settings in force: flag, then environment (both already in `overrides`), then the
 * manifest's `[host]` table, then the default. A relative default directory stands on `cwd`.
 */
export function resolveHostSettings(
  overrides: Partial<HostSettings>,
  manifest: HostConfig,
  cwd: string,
): HostSettings {
  return {
    listen: overrides.listen ?? manifest.listen ?? hostDefaults.listen,
    adminListen: overrides.adminListen ?? manifest.adminListen ?? hostDefaults.adminListen,
    data: resolve(cwd, overrides.data ?? manifest.data ?? hostDefaults.data),
    workers: overrides.workers ?? manifest.workers ?? hostDefaults.workers,
    logLevel: overrides.logLevel ?? manifest.logLevel ?? hostDefaults.logLevel,
  };
}
