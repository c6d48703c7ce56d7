import { LIMITS, formatLimit } from '../config/index.ts';
import type { FunctionEntry, FunctionVersion, Problem, Registry } from '../registry/index.ts';
import type { JsonObject } from '../store/index.ts';
import type { AdminDeployments, Serving } from './deployments.ts';

/** What a version is, in the terms of the interface. */
export interface VersionView {
  readonly name: string;
  readonly version: number;
  readonly sha256: string;
  readonly size: number;
  readonly lane: string;
  readonly binder: string;
  readonly active: boolean;
  readonly createdAt: string;
  readonly origin: string;
  readonly routes: readonly string[];
  readonly isolation: string;
  readonly grants: JsonObject;
  readonly limits: JsonObject;
  readonly warnings: readonly string[];
}

export type Status = 'active' | 'inactive' | 'quarantined' | 'unavailable';

export interface FunctionView extends Partial<VersionView> {
  readonly name: string;
  readonly status: Status;
  readonly url?: string;
  /** Only where it cannot be served. */
  readonly problem?: Problem;
  /** Requests that have begun and not finished. */
  readonly inFlight: number;
  /** Instances of it that exist. */
  readonly instances: number;
  readonly updatedAt?: string;
}

/** What a configuration comes to: as the user wrote it, with what they left out. */
export function configView(
  name: string,
  raw: JsonObject,
): Pick<VersionView, 'routes' | 'isolation' | 'grants' | 'limits'> {
  const routes = Array.isArray(raw['routes'])
    ? raw['routes'].filter((route) => typeof route === 'string')
    : [];
  return {
    routes: [`/fn/${name}/*`, ...routes],
    isolation: typeof raw['isolation'] === 'string' ? raw['isolation'] : 'request',
    grants: {
      dirs: [],
      env: {},
      clocks: ['monotonic'],
      poll: false,
      random: false,
      http: [],
      sockets: [],
      ...tableOf(raw, 'grants'),
    },
    limits: {
      ...Object.fromEntries(
        LIMITS.map((rule) => [
          rule.name,
          rule.unit === 'count' ? rule.default : formatLimit(rule.unit, rule.default),
        ]),
      ),
      ...tableOf(raw, 'limits'),
    },
  };
}

export function versionView(version: FunctionVersion, active: boolean): VersionView {
  const {
    name,
    version: number,
    sha256,
    size,
    lane,
    binder,
    createdAt,
    origin,
    warnings,
    config,
  } = version;
  return {
    name,
    version: number,
    sha256,
    size,
    lane,
    binder,
    active,
    createdAt,
    origin,
    ...configView(name, config),
    warnings,
  };
}

/** A function as it is now: its active version, or else the latest, and how it is being served. */
export function functionView(
  entry: FunctionEntry,
  registry: Registry,
  deployments: AdminDeployments,
  edgeUrl: string | undefined,
): FunctionView {
  const { name, active, updatedAt } = entry;
  const serving = deployments.status(name);
  const shown = active ?? registry.versions(name).at(-1);
  const problem = entry.problem ?? problemOfServing(serving);
  return {
    ...(shown === undefined ? {} : versionView(shown, shown === active)),
    name,
    status: statusOf(entry, serving),
    ...(edgeUrl === undefined ? {} : { url: `${edgeUrl}/fn/${name}/` }),
    ...(problem === undefined ? {} : { problem }),
    inFlight: isLive(serving) ? serving.inFlight : 0,
    instances: isLive(serving) ? serving.runtime.instances : 0,
    ...(updatedAt === undefined ? {} : { updatedAt }),
  };
}

function statusOf(entry: FunctionEntry, serving: Serving | undefined): Status {
  if (entry.status !== 'active') return entry.status;
  return isLive(serving) ? 'active' : 'unavailable';
}

function problemOfServing(serving: Serving | undefined): Problem | undefined {
  if (serving === undefined || isLive(serving)) return undefined;
  const { code, message, fix = 'deploy it again' } = serving;
  // What is not the project's own error may name paths and internals; the log has it.
  if (code === 'internal')
    return { code, message: 'the host failed to prepare it; its log says why', fix };
  return { code, message, fix };
}

function isLive(serving: Serving | undefined): serving is Extract<Serving, { inFlight: number }> {
  return serving !== undefined && 'inFlight' in serving;
}

function tableOf(raw: JsonObject, key: string): JsonObject {
  const table = raw[key];
  return typeof table === 'object' && table !== null && !Array.isArray(table)
    ? (table as JsonObject)
    : {};
}
