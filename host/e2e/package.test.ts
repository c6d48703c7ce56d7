/**
 * The package as a user gets it: packed, installed into an empty folder, and run by an older Node,
 * which hands over to the one that the package brings.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const older = olderNode();
const scratch = mkdtempSync(join(tmpdir(), 'selvedge-package-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Folder of the first Node on the PATH that is older than 26, as a user's system has it. */
function olderNode(): string | undefined {
  return (process.env['PATH'] ?? '').split(delimiter).find((folder) => {
    const { stdout } = spawnSync(join(folder, 'node'), ['--version'], { encoding: 'utf8' });
    const major = Number(/^v(\d+)\./.exec(stdout ?? '')?.[1]);
    return major >= 20 && major < 26;
  });
}

/** The environment of a user's shell: nothing of the npm that runs these tests. */
function userEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_(registry|cache)$)|NODE_|VITEST|SELVEDGE_|INIT_CWD)/i.test(name),
  );
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  return { ...Object.fromEntries(kept), PATH: [older, ...path].join(delimiter) };
}

function succeed(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: userEnvironment(),
    encoding: 'utf8',
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** The first line on stdout, or what stderr said when there is none. */
async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null || child.stderr === null)
    throw new Error('stdout and stderr must be pipes');
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`no line on stdout; stderr:\n${complaints}`);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Gone, as it should be.
    if (Reflect.get(Object(error), 'code') !== 'ESRCH') throw error;
  }
}

describe.skipIf(older === undefined)(
  'the launcher, run by an older Node (skipped where the PATH has none)',
  () => {
    let tree: string;
    beforeAll(() => {
      tree = join(scratch, 'checkout');
      cpSync(join(root, 'scripts/selvedge.mjs'), join(tree, 'scripts/selvedge.mjs'), {
        recursive: true,
      });
      cpSync(join(root, 'package.json'), join(tree, 'package.json'));
      symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
      // Stands for the host: says what it was started with, then does as it is told.
      cpSync(new URL('launcher-main.fixture.ts', import.meta.url), join(tree, 'host/main.ts'), {
        recursive: true,
      });
    });

    const launch = (...args: string[]) =>
      spawn(join(older ?? '', 'node'), ['scripts/selvedge.mjs', ...args], {
        cwd: tree,
        env: userEnvironment(),
        stdio: ['pipe', 'pipe', 'pipe'],
      });

    test('goes on in the bundled Node with the same arguments', async () => {
      const child = launch('exit', '0', 'a b', '--c=*');
      const line: unknown = JSON.parse(await firstLine(child));
      expect(line).toMatchObject({ argv: ['exit', '0', 'a b', '--c=*'], major: 26 });
    });

    test('passes an exit code on', async () => {
      const [code] = await once(launch('exit', '7'), 'exit');
      expect(code).toBe(7);
    });

    test('passes on that it died of a signal', async () => {
      const [code, signal] = await once(launch('die', 'SIGKILL'), 'exit');
      expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    });

    test.each(['SIGTERM', 'SIGINT'] as const)(
      'forwards %s and waits for the drain',
      async (signal) => {
        const child = launch('wait');
        const ended = once(child, 'exit');
        await firstLine(child);
        child.kill(signal);
        expect(await ended).toEqual([0, null]);
      },
    );

    test('says how to mend a missing bundled Node', () => {
      const bare = join(scratch, 'bare');
      cpSync(join(root, 'scripts/selvedge.mjs'), join(bare, 'scripts/selvedge.mjs'), {
        recursive: true,
      });
      writeFileSync(join(bare, 'package.json'), '{"type":"module"}');
      const { status, stderr } = spawnSync(
        join(older ?? '', 'node'),
        ['scripts/selvedge.mjs', 'list'],
        {
          cwd: bare,
          encoding: 'utf8',
        },
      );
      expect(status).toBe(1);
      expect(stderr).toContain('npm rebuild node');
    });
  },
);

describe.skipIf(older === undefined)(
  'the package, installed (skipped where the PATH has no Node from 20 to 25)',
  () => {
    const installed = join(scratch, 'installed');

    beforeAll(() => {
      // Packed from a copy: a build replaces dist/, and others may be reading it.
      const copy = join(scratch, 'source');
      for (const entry of ['package.json', 'tsconfig.json', 'LICENSE', 'host', 'scripts']) {
        cpSync(join(root, entry), join(copy, entry), { recursive: true });
      }
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
      succeed(join(dirname(process.execPath), 'node'), ['scripts/build-package.mjs'], copy);
      const packed: unknown = JSON.parse(
        succeed('npm', ['pack', '--json', '--ignore-scripts'], copy),
      );
      const file = packedFile(packed);
      cpSync(join(copy, file), join(installed, file), { recursive: true });
      writeFileSync(join(installed, 'package.json'), '{"private":true}');
      succeed(
        'npm',
        ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${file}`],
        installed,
      );
    }, 300_000);

    function packedFile(packed: unknown): string {
      const [first]: unknown[] = Array.isArray(packed) ? packed : Object.values(Object(packed));
      const file: unknown = Reflect.get(Object(first), 'filename');
      if (typeof file !== 'string') throw new Error(`npm pack answered ${JSON.stringify(packed)}`);
      return file;
    }

    test('holds no sources, tests or fixtures, and has types', () => {
      const files = succeed(
        'find',
        ['.', '-type', 'f'],
        join(installed, 'node_modules/selvedge'),
      ).split('\n');
      expect(files).toContain('./dist/host/main.js');
      expect(files).toContain('./dist/host/main.d.ts');
      expect(files).toContain('./LICENSE');
      expect(files.filter((file) => /(?<!\.d)\.ts$|\.(test|fixture)\.|\/e2e\//.test(file))).toEqual(
        [],
      );
    });

    test('npx selvedge --version prints the version', () => {
      expect(succeed('npx', ['--no-install', 'selvedge', '--version'], installed)).toMatch(
        /^\d+\.\d+\.\d+\n$/,
      );
    });

    const serveArguments = [
      'serve',
      '--json',
      '--listen',
      '127.0.0.1:0',
      '--admin-listen',
      '127.0.0.1:0',
    ];

    /** Starts it, and resolves once it is ready and its admin port answers. */
    async function serve(command: string, args: readonly string[]) {
      const child = spawn(command, [...args, ...serveArguments], {
        cwd: installed,
        env: userEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, so that nothing of it is left where a test fails.
        detached: true,
      });
      onTestFinished(() => killGroup(child));
      const ended = once(child, 'exit');
      const ready: unknown = JSON.parse(await firstLine(child));
      expect(ready).toEqual({
        event: 'ready',
        edge: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        admin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      });
      const health = `${Reflect.get(Object(ready), 'admin')}/healthz`;
      expect((await fetch(health)).status).toBe(200);
      return { child, ended, health };
    }

    test('selvedge serve under the older Node gets ready, and drains on SIGTERM with 0', async () => {
      const { child, ended } = await serve(join(installed, 'node_modules/.bin/selvedge'), []);
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    });

    test('npx selvedge serve gets ready, and nothing outlives npx', async () => {
      const { child, ended, health } = await serve('npx', ['--no-install', 'selvedge']);
      child.kill('SIGTERM');
      await ended;
      const stillThere = () =>
        fetch(health, { headers: { connection: 'close' } }).then(
          () => true,
          () => false,
        );
      await expect.poll(stillThere, { timeout: 20_000 }).toBe(false);
    });
  },
);
