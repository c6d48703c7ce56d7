import { quote } from '../base/index.ts';
import { resolve } from 'node:path';
import { ConfigError } from './errors.ts';
import { flagAt } from './flags.ts';
import { explainIssues, toProblems, type Finding } from './findings.ts';
import { LIMITS, defaultLimits, type LimitName } from './limits.ts';
import { fileSystemProbe, mismatch, type PathProbe } from './paths.ts';
import { FUNCTION_KEYS, dirItem, functionSchema, type ParsedFunction } from './schema.ts';
import type { DirGrant, FunctionConfig } from './types.ts';

export interface FunctionConfigOptions {
  /** Absolute directory that relative host paths stand on. */
  readonly baseDir: string;
  /** Where the configuration comes from: only a manifest names a module. */
  readonly origin: 'manifest' | 'upload' | 'flags';
  /** What looks at the host's paths; the file system unless given. */
  readonly probe?: PathProbe | undefined;
}

export type Checked =
  | { readonly config: FunctionConfig }
  | { readonly findings: readonly Finding[] };

/**
 * Checks a function's configuration and fills every default.
 *
 * Host directories become absolute and must exist. All problems are reported at once, each with
 * its path: throws `ConfigError` (`config-invalid`, status 400).
 */
export function parseFunctionConfig(raw: unknown, options: FunctionConfigOptions): FunctionConfig {
  const checked = checkFunctionConfig(raw, options);
  if ('config' in checked) return checked.config;
  const problems = toProblems(checked.findings);
  if (options.origin !== 'flags') throw new ConfigError(problems);
  throw new ConfigError(
    problems.map((problem) => ({ ...problem, path: flagAt(problem.path) ?? problem.path })),
  );
}

/** As {@link parseFunctionConfig}, for callers that add to the problems before they throw. */
export function checkFunctionConfig(raw: unknown, options: FunctionConfigOptions): Checked {
  const parsed = functionSchema.safeParse(raw);
  const findings = parsed.success ? [] : explainIssues(parsed.error.issues, raw, FUNCTION_KEYS);
  findings.push(
    ...checkModule(raw, options),
    ...checkDirs(raw, options),
    ...checkRoutes(raw),
    ...checkEnv(raw),
  );
  if (!parsed.success || findings.length > 0) return { findings };
  return { config: fillDefaults(parsed.data, options) };
}

function fillDefaults(parsed: ParsedFunction, options: FunctionConfigOptions): FunctionConfig {
  const grants = parsed.grants ?? {};
  const limits: Record<LimitName, number> = { ...defaultLimits() };
  for (const { name } of LIMITS) limits[name] = parsed.limits?.[name] ?? limits[name];
  return {
    ...(parsed.module === undefined ? {} : { module: resolve(options.baseDir, parsed.module) }),
    routes: parsed.routes ?? [],
    isolation: parsed.isolation ?? 'request',
    grants: {
      dirs: (grants.dirs ?? []).map((dir) => ({
        ...dir,
        host: resolve(options.baseDir, dir.host),
      })),
      env: grants.env ?? {},
      clocks: {
        monotonic: true,
        wall: grants.clocks?.wall ?? false,
        resolution: grants.clocks?.resolution ?? 1,
      },
      poll: grants.poll ?? false,
      random: grants.random ?? false,
      http: grants.http ?? [],
      sockets: grants.sockets ?? [],
    },
    limits,
  };
}

function checkModule(
  raw: unknown,
  { origin, baseDir, probe = fileSystemProbe }: FunctionConfigOptions,
): Finding[] {
  const module = member(raw, 'module');
  const segments = ['module'];
  if (origin !== 'manifest') {
    if (module === undefined) return [];
    const fix = 'Leave it out: the module is what is uploaded or named beside this configuration.';
    return [{ segments, message: 'only a manifest names its module.', fix, on: 'key' }];
  }
  if (module === undefined && isTable(raw)) {
    return [
      {
        segments,
        message: 'is missing.',
        fix: 'Name the .wasm: module = "hello.wasm".',
        on: 'key',
      },
    ];
  }
  if (typeof module !== 'string' || module === '') return [];
  const wrong = mismatch(probe(resolve(baseDir, module)), 'file');
  if (wrong === undefined) return [];
  const fix = `Build it, or mend the path; it is relative to ${baseDir}.`;
  return [{ segments, message: `${quote(module)} ${wrong}.`, fix, on: 'value' }];
}

/** Looks at each directory by itself, so that one bad entry does not hide what is wrong with the others. */
function checkDirs(
  raw: unknown,
  { baseDir, probe = fileSystemProbe }: FunctionConfigOptions,
): Finding[] {
  const findings: Finding[] = [];
  const taken = new Map<string, number>();
  for (const [index, item] of entries(member(raw, 'grants'), 'dirs')) {
    const segments = ['grants', 'dirs', index];
    const parsed = dirItem.safeParse(item);
    if (!parsed.success) continue;
    const dir: DirGrant = parsed.data;
    const wrong = mismatch(probe(resolve(baseDir, dir.host)), 'directory');
    if (wrong !== undefined) {
      const fix = `Create the directory, or mend the path; it is relative to ${baseDir}.`;
      findings.push({
        segments,
        message: `the host directory ${quote(dir.host)} ${wrong}.`,
        fix,
        on: 'value',
      });
    }
    const other = taken.get(dir.guest);
    if (other !== undefined) {
      const message = `the guest path ${quote(dir.guest)} is already that of grants.dirs[${other}].`;
      findings.push({
        segments,
        message,
        fix: 'Give each directory its own guest path.',
        on: 'value',
      });
    }
    taken.set(dir.guest, other ?? index);
  }
  return findings;
}

function checkRoutes(raw: unknown): Finding[] {
  const seen = new Set<unknown>();
  const findings: Finding[] = [];
  for (const [index, route] of entries(raw, 'routes')) {
    if (typeof route === 'string' && seen.has(route)) {
      findings.push({
        segments: ['routes', index],
        message: `${quote(route)} is there twice.`,
        fix: 'Leave one out.',
        on: 'value',
      });
    }
    seen.add(route);
  }
  return findings;
}

/** A schema's record drops this one key without a word. */
function checkEnv(raw: unknown): Finding[] {
  const env = member(member(raw, 'grants'), 'env');
  if (!isTable(env) || !Object.hasOwn(env, '__proto__')) return [];
  return [
    {
      segments: ['grants', 'env', '__proto__'],
      message: 'this name cannot be set.',
      fix: 'Choose another name.',
      on: 'key',
    },
  ];
}

function entries(table: unknown, key: string): [index: number, item: unknown][] {
  const list = member(table, key);
  return Array.isArray(list) ? list.slice(0, 1000).map((item, index) => [index, item]) : [];
}

function member(table: unknown, key: string): unknown {
  return isTable(table) && Object.hasOwn(table, key) ? table[key] : undefined;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
