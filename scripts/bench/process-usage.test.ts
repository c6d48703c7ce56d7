import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseProcessStat, parseResident, usageOf, withDescendants } from './process-usage.ts';

// Fields 3 to 24 as proc_pid_stat(5) numbers them: utime 14, stime 15, cutime 16, cstime 17.
const fields = 'S 41 42 42 0 -1 4194304 900 80 7 6 150 30 5 2 20 0 11 0 100 5000000 2048';

describe('parseProcessStat', () => {
  it('adds user and system time, its own and that of children it waited for', () => {
    expect(parseProcessStat(`42 (node) ${fields}\n`)).toEqual({ pid: 42, parent: 41, ticks: 187 });
  });
  it('is not led astray by a command with spaces and parentheses', () => {
    expect(parseProcessStat(`42 (a) S 1 (b) ${fields}`)).toEqual({
      pid: 42,
      parent: 41,
      ticks: 187,
    });
  });
  it('takes nothing else', () => {
    expect(parseProcessStat('')).toBeUndefined();
    expect(parseProcessStat('42 (node) S 41 42')).toBeUndefined();
  });
});

describe('parseResident', () => {
  it('gives bytes', () => {
    expect(parseResident('Name:\tnode\nVmHWM:\t   9999 kB\nVmRSS:\t   1024 kB\n')).toBe(1_048_576);
  });
  it('is 0 for a process that has ended', () => {
    expect(parseResident('Name:\tnode\nState:\tZ (zombie)\n')).toBe(0);
  });
});

describe('withDescendants', () => {
  it('follows children of children, and nobody else', () => {
    const stat = (pid: number, parent: number) => ({ pid, parent, ticks: 1 });
    const all = [stat(1, 0), stat(5, 1), stat(9, 7), stat(7, 5), stat(6, 1)];
    expect(withDescendants(5, all).map(({ pid }) => pid)).toEqual([5, 7, 9]);
    expect(withDescendants(8, all)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('usageOf', () => {
  it('counts what a child of the process uses', async () => {
    const child = spawn(process.execPath, [
      '-e',
      'const end = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < end); process.stdout.write("done"); setInterval(() => {}, 1000)',
    ]);
    try {
      await once(child.stdout, 'data');
      const alone = usageOf(child.pid ?? 0);
      const all = usageOf(process.pid);
      expect(alone?.cpuSeconds).toBeGreaterThanOrEqual(0.18);
      expect(all?.cpuSeconds).toBeGreaterThanOrEqual(alone?.cpuSeconds ?? Number.NaN);
      expect(all?.residentBytes).toBeGreaterThan(alone?.residentBytes ?? Number.NaN);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
