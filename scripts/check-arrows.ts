// Enforces the arrows between the folders of host/: who may import whom, only through index.ts,
// and no cycles between files. oxlint has no rule for the first two.
//
// `npm run lint` runs it; `node scripts/check-arrows.ts ROOT` checks another tree.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface Import {
  readonly specifier: string;
  /** Not loaded at once, so it cannot be part of a cycle of loading. */
  readonly typeOnly: boolean;
}

/** What each file loads. */
type Graph = Map<string, readonly string[]>;
type Report = (text: string) => void;

/** Every folder of host/ and what it may import, beside `base` and `telemetry`. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  base: [],
  telemetry: [],
  config: [],
  store: [],
  component: [],
  rewrite: [],
  wasi: [],
  capability: ['wasi', 'config', 'store'],
  trust: ['component', 'config'],
  registry: ['store', 'component', 'rewrite', 'trust'],
  runtime: ['component', 'capability', 'wasi', 'config', 'rewrite'],
  lanes: ['runtime', 'wasi', 'component'],
  terminal: ['wasi'],
  traffic: ['registry', 'lanes', 'runtime', 'config', 'store'],
  queue: ['traffic', 'store'],
  gateway: ['traffic', 'lanes', 'wasi'],
  admin: ['registry', 'traffic', 'queue', 'runtime', 'config', 'store'],
  dashboard: ['registry', 'traffic', 'queue', 'runtime'],
  cli: ['config', 'component', 'trust'],
};
/** `base` stands under all, so it may import nothing, not even the telemetry interfaces. */
const narrower: Readonly<Record<string, readonly string[]>> = { base: [], telemetry: ['base'] };
/** They put everything together: `main.ts` loads the others once a host, or a run, is asked for. */
const compositionRoot = ['main.ts', 'compose.ts', 'run-command.ts'];
const everyone = ['base', 'telemetry'];
/** Folders of folders, each of which has a door of its own. */
const withInnerDoors = ['wasi'];

/**
 * The violations in a tree that holds `host/`, as lines `host/x/y.ts: what is wrong`.
 * Tests, and everything under e2e, may import any folder, but still only through its index.ts;
 * the composition root may import every folder too.
 */
export function findViolations(root: string): string[] {
  const host = join(root, 'host');
  const files = sourcesUnder(host).map((file) => relative(host, file).split(sep).join('/'));
  const known = new Set(files);
  const violations: string[] = [];
  const graph: Graph = new Map();

  for (const file of files) {
    const report: Report = (text) => {
      violations.push(`host/${file}: ${text}`);
    };
    const folder = folderOf(file);
    if (folder === undefined && !isTest(file) && !compositionRoot.includes(file)) {
      report(`only ${compositionRoot.join(' and ')} may stand beside the folders`);
    }
    if (folder !== undefined && folder !== 'e2e' && arrows[folder] === undefined) {
      report(`the folder ${folder} is not in the table of scripts/check-arrows.ts`);
      continue;
    }
    const imports = importsOf(join(host, file));
    const edges: string[] = [];
    graph.set(file, edges);
    for (const { specifier, typeOnly } of imports) {
      if (!specifier.startsWith('.')) continue;
      const target = posix.normalize(posix.join(posix.dirname(file), specifier));
      if (target.startsWith('..')) {
        if (!isTest(file)) report(`imports ${specifier}, outside host/`);
        continue;
      }
      if (!known.has(target)) {
        if (!existsSync(join(host, target))) report(`imports ${specifier}, which does not exist`);
        continue;
      }
      if (isTest(target) && !isTest(file)) report(`imports the test ${specifier}`);
      if (!typeOnly) edges.push(target);
      checkArrow(file, folder, target, specifier, report);
    }
  }
  return [
    ...violations,
    ...findCycles(graph).map((cycle) => `host/${cycle.join(' → host/')}: a cycle of imports`),
  ];
}

function checkArrow(
  file: string,
  folder: string | undefined,
  target: string,
  specifier: string,
  report: Report,
): void {
  const other = folderOf(target);
  if (other === folder) return;
  if (other === undefined) {
    // The composition root knows everyone, so nobody may know it.
    if (!isTest(file)) report(`imports ${specifier}, the composition root`);
    return;
  }
  if (other === 'e2e') {
    report(`imports ${specifier}: e2e is for nobody`);
    return;
  }
  // Support for tests, such as a conformance suite, is not part of a folder's door.
  const forTests = isTest(file) && /(^|\/)(testing|conformance)\b|\.fixture\.ts$/.test(target);
  const inner = withInnerDoors.includes(other) && /^[^/]+\/[^/]+\/index\.ts$/.test(target);
  if (target !== `${other}/index.ts` && !inner && !forTests) {
    report(`imports ${specifier}; the door of ${other} is ${other}/index.ts`);
  }
  if (folder === undefined || isTest(file)) return;
  const allowed = narrower[folder] ?? [...everyone, ...(arrows[folder] ?? [])];
  if (!allowed.includes(other)) {
    report(`${folder} may not import ${other} (it may import ${allowed.join(', ') || 'nothing'})`);
  }
}

function folderOf(file: string): string | undefined {
  const slash = file.indexOf('/');
  return slash === -1 ? undefined : file.slice(0, slash);
}

function isTest(file: string): boolean {
  return (
    file.startsWith('e2e/') ||
    /\.(test|fixture)\.ts$/.test(file) ||
    /(^|\/)(testing|conformance)\b/.test(file)
  );
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.m?[tj]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/**
 * Imports, re-exports, `import()` and `new URL(…, import.meta.url)` (which is how workers are
 * named). The sources are formatted, so a statement starts its line; what a string or a comment
 * holds at a line's start counts too, which errs to the strict side.
 */
function importsOf(path: string): Import[] {
  const source = readFileSync(path, 'utf8');
  const found: Import[] = [];
  const statement = /^(?:import|export)\b(\s+type\b)?(?:[^;'"`]*?\bfrom)?\s*(['"])([^'"\n]+)\2/gm;
  for (const [, type, , specifier = ''] of source.matchAll(statement)) {
    found.push({ specifier, typeOnly: type !== undefined });
  }
  // A late import breaks a cycle of loading, yet the arrows hold for it all the same.
  for (const [, , specifier = ''] of source.matchAll(/\bimport\(\s*(['"`])([^'"`\n]+)\1/g)) {
    found.push({ specifier, typeOnly: true });
  }
  for (const [, , specifier = ''] of source.matchAll(/\bnew URL\(\s*(['"`])(\.[^'"`\n]+\.ts)\1/g)) {
    found.push({ specifier, typeOnly: true });
  }
  return found;
}

/** One cycle for each set of files that reach each other at load time. */
function findCycles(graph: Graph): string[][] {
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[][] = [];
  const visit = (file: string, path: readonly string[]): void => {
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) {
      if (state.get(next) === 'open') cycles.push([...path.slice(path.indexOf(next)), next]);
      else if (!state.has(next)) visit(next, [...path, next]);
    }
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file, [file]);
  return cycles;
}

if (
  process.argv[1] !== undefined &&
  import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href
) {
  const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
  const violations = findViolations(resolve(root));
  for (const violation of violations) process.stdout.write(`${violation}\n`);
  process.stdout.write(
    violations.length === 0 ? 'arrows: all hold\n' : `arrows: ${violations.length} violated\n`,
  );
  process.exitCode = violations.length === 0 ? 0 : 1;
}
