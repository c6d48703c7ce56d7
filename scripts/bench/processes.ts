import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BenchError } from './errors.ts';

export interface StartOptions {
  /** For messages, and for the name of the log. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Written to its stdin, which is otherwise empty. */
  readonly input?: string;
  /** Where its log goes, and whatever it writes to the system's temporary directory. */
  readonly scratch: string;
}

export interface Started {
  readonly pid: number;
  readonly name: string;
  /** How it ended, once it has: `exit code 1` or the name of a signal. */
  readonly ended: Promise<string>;
  /** The first line on stdout for which `match` gives a value. Rejects where it ends before, or is ended for taking too long. */
  line<T>(match: (line: string) => T | undefined): Promise<T>;
  /** All of its stdout, once it has ended. */
  output(): Promise<string>;
  /** The last lines of its stderr, for a message about it. */
  readonly logTail: () => string;
  /** Tells it to end, kills it where it does not in time, and resolves when it has. */
  readonly stop: () => Promise<void>;
}

/** Milliseconds between asking a process to end and killing it. */
const GRACE_MS = 3000;

/** Milliseconds until the line that is waited for; some compile the guest first. */
const LINE_MS = 60_000;

/** Every process of a run, so that none outlives it. */
export interface Processes {
  start(options: StartOptions): Started;
  /** Kills what still runs; synchronous, so that it works while this process exits. */
  killAll(): void;
}

export function createProcesses(): Processes {
  const running = new Set<ChildProcess>();
  let count = 0;

  const signal = (child: ChildProcess, name: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      // Its whole group: `jco serve` and others start processes of their own.
      process.kill(-child.pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };

  const start = (options: StartOptions): Started => {
    count += 1;
    const logFile = join(options.scratch, `${count}-${options.name.replaceAll(/\W+/g, '-')}.log`);
    const log = openSync(logFile, 'w');
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...process.env, TMPDIR: options.scratch, ...options.env },
      stdio: ['pipe', 'pipe', log],
      detached: true,
    });
    closeSync(log);
    running.add(child);
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => {
        running.delete(child);
        resolve(error.message);
      });
      child.once('close', (code, by) => {
        running.delete(child);
        resolve(by ?? `exit code ${code}`);
      });
    });
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new TypeError('spawn gave no pipes');
    // It may end before it has read its input; how it ended says why.
    stdin.on('error', () => {});
    stdin.end(options.input ?? '');

    const lines: string[] = [];
    const listeners = new Set<(line: string) => void>();
    createInterface({ input: stdout }).on('line', (line) => {
      lines.push(line);
      for (const listener of listeners) listener(line);
    });

    const logTail = () => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n');

    return {
      pid: child.pid ?? 0,
      name: options.name,
      ended,
      line: (match) =>
        new Promise((resolve, reject) => {
          // Ended, it is heard of below; left alone, it would disturb what is measured next.
          const late = setTimeout(() => signal(child, 'SIGKILL'), LINE_MS);
          const look = (line: string) => {
            const value = match(line);
            if (value === undefined) return;
            listeners.delete(look);
            clearTimeout(late);
            resolve(value);
          };
          listeners.add(look);
          for (const line of lines) look(line);
          void ended.then((how) => {
            clearTimeout(late);
            // Later, its log may be gone with the run.
            if (listeners.delete(look)) reject(endedEarly(options.name, how, logTail()));
          });
        }),
      output: async () => {
        const how = await ended;
        if (how !== 'exit code 0') throw endedEarly(options.name, how, logTail());
        return lines.join('\n');
      },
      logTail,
      stop: async () => {
        signal(child, 'SIGTERM');
        const kill = setTimeout(() => signal(child, 'SIGKILL'), GRACE_MS);
        await ended;
        clearTimeout(kill);
        // What it started may have stayed behind.
        signal(child, 'SIGKILL');
      },
    };
  };

  return {
    start,
    killAll: () => {
      for (const child of running) signal(child, 'SIGKILL');
    },
  };
}

function endedEarly(name: string, how: string, log: string): BenchError {
  return new BenchError({
    code: 'bench-process-ended',
    message: `${name} ended too early (${how})${log === '' ? '' : `: ${log}`}`,
    fix: 'Run what it runs by hand to see more.',
  });
}
