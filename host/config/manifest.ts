import { quote } from '../base/index.ts';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TomlError, parse } from 'smol-toml';
import { absoluteDirTable } from './dirs.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { explainIssues, refusal, toProblems, type Finding } from './findings.ts';
import { checkFunctionConfig } from './function-config.ts';
import { nearest } from '../base/index.ts';
import { errorCode, type PathProbe } from './paths.ts';
import { HOST_KEYS, dirItem, hostSchema } from './schema.ts';
import { parseFunctionName } from './names.ts';
import { lineAndColumn, locateToml } from './toml-positions.ts';
import type { HostConfig, Manifest, ManifestFunction } from './types.ts';

/** Bytes; a manifest is written by hand. */
const MAX_MANIFEST = 4 * 1024 * 1024;
const TABLES = ['host', 'function'];

/** Reads and checks `selvedge.toml`; every problem at once, each with line, column and source line. Throws `ConfigError`. */
export async function readManifest(path: string, probe?: PathProbe): Promise<Manifest> {
  const file = resolve(path);
  let text: string;
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_MANIFEST)
      throw new ConfigError([
        { path: '', file: path, message: 'the manifest is larger than 4MiB.' },
      ]);
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([{ path: '', file: path, ...unreadable(error) }], error);
  }
  return parseManifest(text, { file, shownAs: path, probe });
}

export interface ManifestOptions {
  /** Absolute path of the file; relative paths in it stand on its directory. */
  readonly file: string;
  /** How problems name the file; `file` unless given. */
  readonly shownAs?: string | undefined;
  readonly probe?: PathProbe | undefined;
}

/** {@link readManifest} for text that is already there. */
export function parseManifest(
  text: string,
  { file, shownAs = file, probe }: ManifestOptions,
): Manifest {
  const baseDir = dirname(file);
  const document = parseToml(text, shownAs);
  const findings: Finding[] = [];
  for (const key of Object.keys(document)) {
    if (TABLES.includes(key)) continue;
    const guess = nearest(key, TABLES);
    const fix =
      guess === undefined
        ? 'A manifest has [host] and [function.NAME] tables.'
        : `Did you mean ${guess}?`;
    findings.push({ segments: [key], message: `unknown table ${quote(key)}.`, fix, on: 'key' });
  }
  const host = readHost(document['host'], baseDir, findings);
  const functions = readFunctions(document['function'], baseDir, probe, findings);
  findings.push(...sharedRoutes(functions));
  if (findings.length > 0) throw new ConfigError(pointAt(findings, text, shownAs));
  return { path: file, host, functions };
}

function readHost(raw: unknown, baseDir: string, findings: Finding[]): HostConfig {
  if (raw === undefined) return {};
  const parsed = hostSchema.safeParse(raw);
  if (!parsed.success) {
    findings.push(
      ...explainIssues(parsed.error.issues, raw, HOST_KEYS).map((finding) =>
        under(['host'], finding),
      ),
    );
    return {};
  }
  const { listen, 'admin-listen': adminListen, data, workers, 'log-level': logLevel } = parsed.data;
  return {
    ...(listen === undefined ? {} : { listen }),
    ...(adminListen === undefined ? {} : { adminListen }),
    ...(data === undefined ? {} : { data: resolve(baseDir, data) }),
    ...(workers === undefined ? {} : { workers }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}

function readFunctions(
  raw: unknown,
  baseDir: string,
  probe: PathProbe | undefined,
  findings: Finding[],
): ManifestFunction[] {
  if (raw === undefined) return [];
  if (!isTable(raw)) {
    findings.push({
      segments: ['function'],
      message: 'is not a table.',
      fix: 'Write one [function.NAME] table for each function.',
      on: 'key',
    });
    return [];
  }
  return Object.entries(raw).flatMap(([name, table]) => {
    const segments = ['function', name];
    try {
      parseFunctionName(name);
    } catch (error) {
      findings.push(refusal(error, segments, 'key'));
    }
    const checked = checkFunctionConfig(table, { baseDir, origin: 'manifest', probe });
    if ('findings' in checked) {
      findings.push(...checked.findings.map((finding) => under(segments, finding)));
      return [];
    }
    const { module = '' } = checked.config;
    return [
      {
        name,
        module,
        raw: isTable(table) ? portable(table, baseDir) : {},
        config: checked.config,
      },
    ];
  });
}

/** A request goes to one function: a route that two have is a mistake of the manifest. */
function sharedRoutes(functions: readonly ManifestFunction[]): Finding[] {
  const owners = new Map<string, string>();
  return functions.flatMap(({ name, config }) =>
    config.routes.flatMap((route, index) => {
      const key = `${route.method ?? '*'} ${route.path} ${route.wildcard}`;
      const owner = owners.get(key) ?? name;
      owners.set(key, owner);
      if (owner === name) return [];
      return [
        {
          segments: ['function', name, 'routes', index],
          message: `${quote(route.source)} is a route of the function ${owner} as well.`,
          fix: 'Leave it to one of them.',
          on: 'value' as const,
        },
      ];
    }),
  );
}

/** What an upload of this function would carry: no module, host directories absolute, else as written. */
function portable(
  table: Readonly<Record<string, unknown>>,
  baseDir: string,
): Record<string, unknown> {
  const { module: _, ...rest } = table;
  const grants = rest['grants'];
  if (!isTable(grants) || !Array.isArray(grants['dirs'])) return rest;
  const dirs = grants['dirs'].map((item) => absoluteDirTable(dirItem.parse(item), baseDir));
  return { ...rest, grants: { ...grants, dirs } };
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = (error.message.split('\n')[0] ?? '').replace(
      'Invalid TOML document: ',
      'not TOML: ',
    );
    const { line, column } = error;
    throw new ConfigError(
      [{ path: '', file, line, column, message, frame: frame(text, line, column) }],
      error,
    );
  }
}

function pointAt(findings: readonly Finding[], text: string, file: string): ConfigProblem[] {
  const positions = locateToml(text);
  return findings
    .map((finding, index) => {
      const problem = toProblems([finding])[0] ?? { path: '', message: finding.message };
      const found = positions.find(finding.segments);
      if (found === undefined) return { problem: { ...problem, file }, offset: 0, index };
      const offset = finding.on === 'key' ? found.key : found.value;
      const { line, column } = lineAndColumn(text, offset);
      return {
        problem: { ...problem, file, line, column, frame: frame(text, line, column) },
        offset,
        index,
      };
    })
    .toSorted((a, b) => a.offset - b.offset || a.index - b.index)
    .map(({ problem }) => problem);
}

/** The source line with a caret; tabs stay tabs, so that the caret stands where the reader sees it. */
function frame(text: string, line: number, column: number): string {
  const source = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '').slice(0, 200);
  const gutter = String(line).padStart(5);
  const lead = source.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  return `${gutter} | ${source}\n${' '.repeat(gutter.length)} | ${lead}^`;
}

function unreadable(error: unknown): { message: string; fix: string } {
  if (error instanceof TypeError)
    return { message: 'the manifest is not UTF-8.', fix: 'Save it as UTF-8.' };
  const code = errorCode(error);
  if (code === 'ENOENT')
    return { message: 'there is no such file.', fix: 'Name the manifest with --config FILE.' };
  if (code === 'EISDIR')
    return { message: 'is a directory.', fix: 'Name the file, e.g. --config selvedge.toml.' };
  return {
    message: `the manifest cannot be read (${code ?? 'unknown error'}).`,
    fix: 'Look at its permissions.',
  };
}

function under(prefix: readonly PropertyKey[], finding: Finding): Finding {
  return { ...finding, segments: [...prefix, ...finding.segments] };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
