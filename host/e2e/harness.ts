/** A real host in a process of its own, for tests from outside. Everything it starts and makes ends with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export function fixture(name: string): string {
  return join(root, 'fixtures', `${name}.wasm`);
}

export interface HostOptions {
  /** Arguments of `serve` beside the addresses, the data directory and `--json`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A data directory to start on; a new one that is removed at the end unless given. */
  readonly data?: string;
  readonly cwd?: string;
  /** A descriptor for the log instead of the pipe that is read: then `log` stays empty. */
  readonly logTo?: number;
}

/** One line of the host's log, as JSON. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface TestHost extends AsyncDisposable {
  readonly edge: string;
  readonly admin: string;
  readonly token: string;
  readonly data: string;
  readonly process: ChildProcess;
  readonly pid: number;
  /** Everything logged so far. */
  readonly log: readonly LogLine[];
  /** What was written to the log that is no JSON line: there should be nothing. */
  readonly noise: readonly string[];
  /** Waits for a line, those that are there already included. */
  logged(matches: (line: LogLine) => boolean, what: string): Promise<LogLine>;
  /** A request to the admin API with the token. */
  api(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** Deploys a fixture (or bytes) with a configuration; the raw answer. */
  put(name: string, module: string | Uint8Array, config?: unknown): Promise<Response>;
  /** As `put`, and fails with the answer unless it is 201. */
  deploy(
    name: string,
    module: string | Uint8Array,
    config?: unknown,
  ): Promise<Record<string, unknown>>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
}

/** ms after which a wait for an event of the host is a failure. Generous: machines are shared. */
const PATIENCE_MS = 30_000;

export async function startHost(options: HostOptions = {}): Promise<TestHost> {
  const own = options.data === undefined;
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'selvedge-e2e-')));
  const child = spawn(
    process.execPath,
    [
      join(root, 'scripts', 'selvedge.mjs'),
      'serve',
      '--json',
      '--listen=127.0.0.1:0',
      '--admin-listen=127.0.0.1:0',
      `--data=${data}`,
      ...(options.args ?? []),
    ],
    {
      cwd: options.cwd ?? data,
      env: { PATH: process.env['PATH'] ?? '', ...options.env },
      stdio: ['ignore', 'pipe', options.logTo ?? 'pipe'],
    },
  );
  const exited = once(child, 'exit');
  const log: LogLine[] = [];
  const noise: string[] = [];
  const watchers = new Set<() => void>();
  const lines = child.stderr === null ? undefined : createInterface({ input: child.stderr });
  lines?.on('line', (line) => {
    try {
      log.push(JSON.parse(line) as LogLine);
    } catch {
      noise.push(line);
    }
    for (const watcher of watchers) watcher();
  });

  const cleanUp = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    if (own) await rm(data, { recursive: true, force: true });
  };
  let ready: { edge: string; admin: string };
  try {
    ready = await readyLine(child, noise, log);
  } catch (thrown) {
    await cleanUp();
    throw thrown;
  }
  const token =
    options.env?.['SELVEDGE_ADMIN_TOKEN'] ??
    (await readFile(join(data, 'admin-token'), 'utf8')).trim();

  const api = (method: string, path: string, init: RequestInit = {}) =>
    fetch(ready.admin + path, {
      ...init,
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(init.headers as Record<string, string> | undefined),
      },
    });
  const put = async (name: string, module: string | Uint8Array, config?: unknown) => {
    const bytes = typeof module === 'string' ? await readFile(fixture(module)) : module;
    const path = `/v1/functions/${encodeURIComponent(name)}`;
    if (config === undefined) {
      return api('PUT', path, {
        body: new Uint8Array(bytes),
        headers: { 'content-type': 'application/wasm' },
      });
    }
    const form = new FormData();
    form.set(
      'module',
      new Blob([new Uint8Array(bytes)], { type: 'application/wasm' }),
      'module.wasm',
    );
    form.set(
      'config',
      new Blob([JSON.stringify(config)], { type: 'application/json' }),
      'config.json',
    );
    return api('PUT', path, { body: form });
  };
  return {
    ...ready,
    token,
    data,
    process: child,
    pid: child.pid as number,
    log,
    noise,
    logged: (matches, what) => waitFor(() => log.find(matches), watchers, what),
    api,
    put,
    async deploy(name, module, config) {
      const response = await put(name, module, config);
      const body = (await response.json()) as Record<string, unknown>;
      if (response.status !== 201)
        throw new Error(`deploying ${name} gave ${response.status}: ${JSON.stringify(body)}`);
      return body;
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
    [Symbol.asyncDispose]: cleanUp,
  };
}

async function readyLine(
  child: ChildProcess,
  noise: string[],
  log: LogLine[],
): Promise<{ edge: string; admin: string }> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const first = once(lines, 'line') as Promise<[string]>;
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(
      `the host ended with ${String(code)} before it was ready:\n${noise.join('\n')}\n${JSON.stringify(log.slice(-3))}`,
    );
  });
  const [line] = await Promise.race([first, gone]);
  gone.catch(() => {});
  return JSON.parse(line) as { edge: string; admin: string };
}

function waitFor<T>(
  look: () => T | undefined,
  watchers: Set<() => void>,
  what: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => {
      watchers.delete(check);
      reject(new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`));
    }, PATIENCE_MS);
    const check = () => {
      const found = look();
      if (found === undefined) return;
      clearTimeout(patience);
      watchers.delete(check);
      resolve(found);
    };
    watchers.add(check);
    check();
  });
}

/** Resident memory of a process, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const pages = (await readFile(`/proc/${pid}/statm`, 'latin1')).split(' ')[1];
  return Number(pages) * 4096;
}
