import { readFileSync, readdirSync } from 'node:fs';

/** One line of `/proc/PID/stat` as far as it is used here; proc_pid_stat(5) names the fields. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** utime + stime of all its threads, and of its children that ended and were waited for. Clock ticks. */
  readonly ticks: number;
}

/** What a process and all its descendants have used so far. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** USER_HZ, the unit of times in /proc: 100 on every architecture that Node has a Linux build for. */
const TICKS_PER_SECOND = 100;

/** `undefined` where the text is no such line. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  // The command may itself hold spaces and parentheses, so the fields are counted from its last one.
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open === -1 || close === -1) return undefined;
  const pid = Number(text.slice(0, open));
  const rest = text
    .slice(close + 2)
    .trimEnd()
    .split(' ');
  const field = (number: number) => Number(rest[number - 3] ?? Number.NaN);
  const parent = field(4);
  const ticks = field(14) + field(15) + field(16) + field(17);
  if (![pid, parent, ticks].every(Number.isInteger)) return undefined;
  return { pid, parent, ticks };
}

/** Bytes of `VmRSS` in a `/proc/PID/status`; 0 for a process that has none left. */
export function parseResident(status: string): number {
  const kibibytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
}

/** The process and every one below it, by the parents they name. */
export function withDescendants(pid: number, all: readonly ProcessStat[]): ProcessStat[] {
  const found = all.filter((each) => each.pid === pid);
  for (const one of found) {
    found.push(...all.filter((each) => each.parent === one.pid && each.pid !== pid));
  }
  return found;
}

/** `undefined` where there is no `/proc` as Linux has it, or no such process. */
export function usageOf(pid: number): Usage | undefined {
  const tree = withDescendants(pid, readProcesses());
  if (tree.length === 0) return undefined;
  const ticks = tree.reduce((sum, each) => sum + each.ticks, 0);
  const residentBytes = tree.reduce(
    (sum, each) => sum + parseResident(readIfThere(`/proc/${each.pid}/status`)),
    0,
  );
  return { cpuSeconds: ticks / TICKS_PER_SECOND, residentBytes };
}

function readProcesses(): ProcessStat[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseProcessStat(readIfThere(`/proc/${name}/stat`)))
    .filter((stat) => stat !== undefined);
}

/** Processes of others end while they are listed. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
