#!/usr/bin/env node
// The `selvedge` command's first step, in plain JavaScript for whatever Node runs it: goes on in
// this process where it is new enough, and otherwise in the Node that comes as a dependency.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const neededMajor = 26;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.on('error', (error) => {
    // A pipe whose reader has gone, as in `selvedge --version | true`, is nothing to report.
    if (error.code !== 'EPIPE') throw error;
  });
  // Answered here: it needs neither the bundled Node nor anything of the host.
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  process.stdout.write(`${version}\n`);
} else if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  await runHere();
} else {
  runOnBundledNode();
}

async function runHere() {
  endWithNpx((signal) => process.kill(process.pid, signal));
  // A checkout has the sources, which Node strips of their types; the package has them compiled.
  const compiled = new URL('../dist/host/main.js', import.meta.url);
  const source = new URL('../host/main.ts', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : compiled.href);
  process.exitCode = await main(argv);
}

function runOnBundledNode() {
  const node = bundledNode();
  if (node === undefined) {
    process.stderr.write(
      `error: selvedge needs Node ${neededMajor} or newer, and this is ${process.versions.node}\n` +
        'cause: the package "node", which brings it, has no program: its install script did not run\n' +
        `fix: run "npm rebuild node --foreground-scripts" in ${root}, or start selvedge with a newer Node\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...argv], {
    stdio: 'inherit',
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  if (process.platform !== 'win32') signals.push('SIGQUIT', 'SIGUSR2');
  // A terminal sends SIGINT to both processes; the child must not count that as two. Handling it
  // here at all keeps this process alive until the child has drained.
  const forward = (signal) => {
    const fromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
    if (!fromTerminal) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  endWithNpx((signal) => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`error: ${node} could not be started\ncause: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    for (const one of signals) process.off(one, forward);
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    // Die of the same signal, so that a shell or a supervisor sees what happened to the child.
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
    process.kill(process.pid, signal);
  });
}

/**
 * npx runs a shell that runs this, and a SIGTERM for npx ends the shell alone. Nobody could end
 * the host then, and its ports would stay taken: so it drains when its shell is gone.
 */
function endWithNpx(end) {
  if (process.env.npm_command !== 'exec' || process.env.npm_lifecycle_event !== 'npx') return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    end('SIGTERM');
  }, 200);
  timer.unref();
}

/** Path of the Node program of the dependency `node`, undefined where it is missing. */
function bundledNode() {
  try {
    const packageFile = createRequire(import.meta.url).resolve('node/package.json');
    const { bin } = JSON.parse(readFileSync(packageFile, 'utf8'));
    const program = join(dirname(packageFile), bin.node);
    return existsSync(program) ? program : undefined;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
