import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createProcesses, type Processes } from './processes.ts';

let scratch: string;
let processes: Processes;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'selvedge-bench-test-'));
  processes = createProcesses();
});
afterEach(() => {
  processes.killAll();
  rmSync(scratch, { recursive: true });
});

const node = (source: string, input?: string) =>
  processes.start({
    name: 'child',
    command: process.execPath,
    args: ['-e', source],
    cwd: scratch,
    scratch,
    ...(input === undefined ? {} : { input }),
  });

const portOf = (line: string) => /^port (\d+)$/.exec(line)?.[1];

it('waits for the line that matters', async () => {
  const child = node('console.log("hello"); console.log("port 17"); setInterval(() => {}, 1000)');
  expect(await child.line(portOf)).toBe('17');
  // A second look finds what was printed before.
  expect(await child.line(portOf)).toBe('17');
});

it('says how a process ended that never got ready, with its last words', async () => {
  const child = node('console.error("no room"); process.exit(3)');
  await expect(child.line(portOf)).rejects.toThrow(/exit code 3.*no room/s);
});

it('says so when there is no such program', async () => {
  const child = processes.start({
    name: 'absent',
    command: join(scratch, 'absent'),
    args: [],
    cwd: scratch,
    scratch,
  });
  await expect(child.output()).rejects.toThrow(/absent ended too early .*ENOENT/);
});

it('hands over input and all of the output', async () => {
  expect(await node('process.stdin.pipe(process.stdout)', 'a\nb').output()).toBe('a\nb');
});

it.runIf(process.platform === 'linux')('ends the children of a process with it', async () => {
  const child = node(`
    const { spawn } = require('node:child_process');
    const own = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    console.log('port ' + own.pid);
    setInterval(() => {}, 1000);
  `);
  const grandchild = Number(await child.line(portOf));
  expect(alive(grandchild)).toBe(true);
  await child.stop();
  await expect.poll(() => alive(grandchild)).toBe(false);
});

it('kills what does not want to end', async () => {
  const child = node(
    'process.on("SIGTERM", () => {}); console.log("port 1"); setInterval(() => {}, 1000)',
  );
  await child.line(portOf);
  await child.stop();
  expect(await child.ended).toBe('SIGKILL');
});

/** A process that ended, and that nobody has waited for yet, still has its number. */
function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}
