import { systemDisk, type Disk } from './disk.ts';

/** For tests, also those of the folders that keep things here: the machine's file system, which says what was done to it and fails when a test wants it to. */
export interface BreakingDisk extends Disk {
  /** The changes made, in their order; reading is not noted. */
  readonly trace: string[];
  /** Every change, or those whose note in the trace matches, fails with this code of the system; undefined mends it. */
  failWrites(code: string | undefined, matching?: RegExp): void;
  /** The change after `steps` more fails, and everything after it, reading too: as if the machine had stopped. */
  stopAfter(steps: number): void;
}

export function breakingDisk(): BreakingDisk {
  const disk = systemDisk();
  const trace: string[] = [];
  let code: string | undefined;
  let matching = /(?:)/;
  let left = Infinity;

  const change = (what: string) => {
    if (code !== undefined && matching.test(what)) throw systemError(what, code);
    if (left <= 0) throw systemError(what, 'EIO');
    left--;
    trace.push(what);
  };
  const look = (what: string) => {
    if (left <= 0) throw systemError(what, 'EIO');
  };

  return {
    trace,
    failWrites(failure, which = /(?:)/) {
      code = failure;
      matching = which;
    },
    stopAfter: (steps) => void (left = steps),
    async open(path, flags) {
      // A directory is opened only to be synced, a staged file a second time for the same.
      if (flags === 'wx') change(`open ${path}`);
      else look(path);
      const file = await disk.open(path, flags);
      return {
        async write(bytes) {
          change(`write ${path}`);
          return file.write(bytes);
        },
        async sync() {
          change(`sync ${path}`);
          return file.sync();
        },
        close: () => file.close(),
      };
    },
    async mkdir(path) {
      look(path);
      const first = await disk.mkdir(path);
      if (first !== undefined) change(`mkdir ${path}`);
      return first;
    },
    async readFile(path) {
      look(path);
      return disk.readFile(path);
    },
    async readdir(path) {
      look(path);
      return disk.readdir(path);
    },
    async stat(path) {
      look(path);
      return disk.stat(path);
    },
    async rename(from, to) {
      change(`rename ${from} ${to}`);
      return disk.rename(from, to);
    },
    async unlink(path) {
      look(path);
      await disk.stat(path);
      change(`unlink ${path}`);
      return disk.unlink(path);
    },
    async rmdir(path) {
      look(path);
      return disk.rmdir(path);
    },
    async remove(path) {
      change(`remove ${path}`);
      return disk.remove(path);
    },
    async touch(path, mtimeMs) {
      look(path);
      return disk.touch(path, mtimeMs);
    },
  };
}

function systemError(what: string, code: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
