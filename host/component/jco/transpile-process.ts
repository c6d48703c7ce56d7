import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BinderError } from './errors.ts';
import type { TranspileReply, TranspileRequest, Transpiled } from './transpile-protocol.ts';

export interface TranspileBounds {
  /** Wall time for one upload, process start included. Milliseconds. */
  readonly timeoutMs: number;
  /** Resident memory of the process. Bytes. */
  readonly memoryBytes: number;
}

export const defaultBounds: TranspileBounds = { timeoutMs: 30_000, memoryBytes: 1.5 * 2 ** 30 };

const CHILD = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './transpile-child.ts' : './transpile-child.js',
    import.meta.url,
  ),
);
const MEMORY_CHECK_MS = 50;

/** Bytes of resident memory, or `undefined` where the system does not tell. */
async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const pages = (await readFile(`/proc/${pid}/statm`, 'latin1')).split(' ')[1];
    return pages === undefined ? undefined : Number(pages) * 4096;
  } catch {
    return undefined;
  }
}

function startChild(): ChildProcess {
  return fork(CHILD, [], {
    // Workers only because a library of jco's starts one when it is loaded.
    // Nothing of the host's environment: what jco and its shims could read, an upload might make them tell.
    env: {},
    execArgv: [
      '--permission',
      '--allow-fs-read=*',
      '--allow-worker',
      '--max-old-space-size=1024',
      '--no-warnings',
    ],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/**
 * Runs jco over one upload in a process of its own, ended afterwards whatever happens.
 *
 * Throws `BinderError`: `component-unbindable` when the upload is refused, or is too costly to bind;
 * `binder-failed` when the process could not be run at all.
 */
export function transpileInProcess(
  request: TranspileRequest,
  bounds: TranspileBounds,
  signal?: AbortSignal,
): Promise<Transpiled> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const child = startChild();
    let ready = false;
    let settled = false;

    const settle = (finish: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      clearInterval(watch);
      signal?.removeEventListener('abort', onAbort);
      child.kill('SIGKILL');
      finish();
    };
    const refuse = (what: string, fix?: string) =>
      settle(() => reject(BinderError.unbindable(what, fix)));
    const onAbort = () => settle(() => reject(signal?.reason));

    const deadline = setTimeout(
      () =>
        refuse(
          `preparing the component took longer than ${bounds.timeoutMs / 1000} s`,
          'check that its start function ends',
        ),
      bounds.timeoutMs,
    );
    const watch = setInterval(async () => {
      const resident = child.pid === undefined ? undefined : await residentBytes(child.pid);
      if (resident !== undefined && resident > bounds.memoryBytes) {
        refuse(
          `preparing the component took more than ${Math.round(bounds.memoryBytes / 2 ** 20)} MiB of memory`,
        );
      }
    }, MEMORY_CHECK_MS);
    signal?.addEventListener('abort', onAbort);

    child.on('message', (message: 'ready' | TranspileReply) => {
      if (message === 'ready') {
        ready = true;
        child.send(request, (error) => {
          if (error)
            settle(() =>
              reject(
                BinderError.failed(
                  'the process that prepares components did not take the upload',
                  error,
                ),
              ),
            );
        });
      } else if (message.ok) {
        settle(() => resolve(message.transpiled));
      } else {
        refuse(describe(message));
      }
    });
    child.on('error', (error) =>
      settle(() =>
        reject(
          BinderError.failed('the process that prepares components could not be started', error),
        ),
      ),
    );
    child.on('exit', (code, killedBy) => {
      if (ready)
        refuse(
          `preparing the component ended the process that did it (${killedBy ?? `exit code ${code}`})`,
        );
      else
        settle(() =>
          reject(
            BinderError.failed(
              `the process that prepares components ended early (${killedBy ?? `exit code ${code}`})`,
            ),
          ),
        );
    });
  });
}

/** One line, without the stack that jco's panics and V8's errors drag along. */
function describe(reply: Extract<TranspileReply, { ok: false }>): string {
  const line = reply.message.split('\n', 1)[0]?.slice(0, 300) ?? '';
  switch (reply.stage) {
    case 'transpile':
      return `the component cannot be bound: ${line}`;
    case 'compile':
      return `V8 refuses one of its core modules: ${line}`;
    case 'instantiate':
      return `it traps when it is instantiated: ${line}`;
  }
}
