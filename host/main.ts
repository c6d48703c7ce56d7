/** The entry: the command line over the real process. What a host is made of is put together in `compose.ts`. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { isatty } from 'node:tty';
import { runCli } from './cli/index.ts';

function packageVersion(): string {
  // One level up in a checkout, two in the package, where this is dist/host/main.js.
  const manifest = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json';
  return (
    JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8')) as { version: string }
  ).version;
}

/** Runs one command line, and resolves to its exit code. */
export function main(argv: readonly string[]): Promise<number> {
  const { env, stdout, stderr } = process;
  const cwd = process.cwd();
  const log = { fd: 2, text: stderr.isTTY, colour: stderr.hasColors?.() ?? false };
  return runCli(argv, {
    version: packageVersion(),
    env,
    cwd,
    stdout,
    stderr,
    signals: process,
    exit: (code) => process.exit(code),
    fetch,
    // Loaded when they are called: most commands only talk to a host that runs already.
    serve: async (options) => (await import('./compose.ts')).startHost(options, { env, cwd, log }),
    // `process.stdin` is only touched by those who read it: looking at it opens it.
    run: async (options) =>
      (await import('./run-command.ts')).runCommand(options, {
        cwd,
        env,
        stdin: () => process.stdin,
        stdinIsTTY: isatty(0),
        stdout,
        stderr,
      }),
    explainModule: async (bytes, config) =>
      (await import('./compose.ts')).explainModule(bytes, config, cwd),
  });
}
