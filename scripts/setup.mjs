// Installs what `npm start` and `npm test` need, only where it is missing: plain JavaScript for
// whatever Node runs it, since Node 26 is one of the things installed.
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Why an install is needed, `undefined` where it is not. npm writes `node_modules/.package-lock.json`
 * at the end of every install, so its time tells when that was.
 */
export function reasonToInstall(root) {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return 'node_modules is absent';
  if (statSync(join(root, 'package-lock.json')).mtimeMs > statSync(installed).mtimeMs) {
    return 'node_modules is older than package-lock.json';
  }
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  if (!existsSync(join(root, 'node_modules', 'node', 'bin', program))) {
    return 'the bundled Node is absent';
  }
  return undefined;
}

/** Runs `npm ci` where it is needed; returns the exit code. */
export function setUp(root, run = spawnSync) {
  const reason = reasonToInstall(root);
  if (reason === undefined) return 0;
  process.stderr.write(`${reason}: running npm ci\n`);
  // The package `node` fetches the program in its install script, and a user's settings may say no to scripts.
  const { status, error } = run(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--ignore-scripts=false'],
    {
      cwd: root,
      // stdout belongs to the command that follows, which may be read by a program.
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  );
  if (error !== undefined) process.stderr.write(`npm could not be started: ${error.message}\n`);
  else if (status !== 0) {
    process.stderr.write(
      'npm ci failed; what it printed above says why. Run it again when that is mended.\n',
    );
  } else if (reasonToInstall(root) === 'the bundled Node is absent') {
    process.stderr.write(
      'npm ci did not bring Node 26. Run: npm rebuild node --foreground-scripts\n',
    );
    return 1;
  }
  return status ?? 1;
}

if (
  process.argv[1] !== undefined &&
  import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href
) {
  process.exitCode = setUp(dirname(dirname(fileURLToPath(import.meta.url))));
}
