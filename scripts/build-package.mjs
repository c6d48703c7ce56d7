// `npm run build` (and `npm pack`, by its prepack): compiles host/ to dist/, with types, and checks
// what would be published.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command, args) {
  const program = join(root, 'node_modules', '.bin', command);
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    // `npm pack --json` prints its result on stdout, so nothing else may.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  if (status !== 0) {
    process.stderr.write(`error: ${command} failed\n`);
    process.exit(status ?? 1);
  }
}

/** What the compiler leaves behind: files that code reads beside itself, such as static pages. */
function copyOtherFiles() {
  for (const file of globSync('host/**/*.{json,wit,html,css,js,svg,sql,wasm}', { cwd: root })) {
    if (!/\.(test|fixture)\.|^host\/e2e\//.test(file))
      cpSync(join(root, file), join(root, 'dist', file));
  }
}

/**
 * A process or worker that is named by a string is not seen by the compiler: its file must have
 * been compiled all the same (see `include` in tsconfig.build.json), under its compiled name.
 */
function refuseDanglingNames() {
  const dangling = globSync('dist/host/**/*.js', { cwd: root }).flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    const names = [
      ...[...source.matchAll(/['"](\.{1,2}\/[\w./-]+\.js)['"]/g)].map(([, name]) => name),
      ...[...source.matchAll(/new URL\(\s*['"](\.{1,2}\/[\w./-]+\.ts)['"]/g)].map(
        ([, name]) => name,
      ),
    ];
    return names
      .filter((name) => !existsSync(join(root, dirname(file), name)))
      .map((name) => `${file} names ${name}, which is not in the package`);
  });
  for (const line of dangling) process.stderr.write(`error: ${line}\n`);
  if (dangling.length > 0) process.exit(1);
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
run('tsc', ['--project', 'scripts/tsconfig.build.json']);
copyOtherFiles();
refuseDanglingNames();
run('publint', ['--strict', '--pack', 'false']);
