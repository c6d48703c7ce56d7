import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../base/index.ts';
import { WasiError } from '../errors.ts';
import { type Denial, WasiInstance, type WasiLimits } from '../instance.ts';
import type { Descriptor } from './descriptor.ts';
import { errnoOf } from './errno.ts';
import { filesystemP2 } from './p2.ts';
import { openPreopen, type Preopen, type PreopenOptions } from './preopen.ts';

/** For the tests of this folder: a real temporary directory, granted to an instance. */
export interface Sandbox extends AsyncDisposable {
  /** The temporary directory; `inside` of it is granted, everything else is out of bounds. */
  readonly host: string;
  readonly inside: string;
  readonly instance: WasiInstance;
  readonly denials: Denial[];
  readonly root: Descriptor;
  /** All preopens, the first of which is `root`. */
  readonly roots: readonly Descriptor[];
  readonly preopens: readonly Preopen[];
  readonly filesystem: ReturnType<typeof filesystemP2>;
}

export interface SandboxOptions {
  readonly writable?: boolean;
  readonly quota?: PreopenOptions['quota'];
  readonly limits?: Partial<WasiLimits>;
  /** Fills the temporary directory before it is opened. */
  readonly prepare?: (host: string, inside: string) => void;
  /** Further preopens: names of directories beside `inside`. */
  readonly others?: readonly { readonly name: string; readonly writable: boolean }[];
}

export const SECRET = 'what must never be read';

const MiB = 1024 * 1024;

export async function sandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const host = fs.mkdtempSync(path.join(os.tmpdir(), 'selvedge-fs-'));
  const inside = path.join(host, 'inside');
  fs.mkdirSync(inside);
  fs.writeFileSync(path.join(host, 'secret'), SECRET);
  options.prepare?.(host, inside);
  const { writable = true, quota = { bytes: 64 * MiB, files: 10_000 } } = options;
  const granted = [{ name: 'inside', writable }, ...(options.others ?? [])];
  const preopens: Preopen[] = [];
  for (const { name, writable: rw } of granted) {
    const hostPath = path.join(host, name);
    fs.mkdirSync(hostPath, { recursive: true });
    preopens.push(await openPreopen({ hostPath, guestPath: `/${name}`, writable: rw, quota }));
  }
  const denials: Denial[] = [];
  const instance = new WasiInstance({
    limits: {
      handles: 10_000,
      files: 256,
      headers: 65_536,
      headerCount: 512,
      copy: MiB,
      subrequests: 50,
      ...options.limits,
    },
    clock: systemClock(),
    denied: (denial) => denials.push(denial),
  });
  const filesystem = filesystemP2(instance, { preopens, hashKey: new Uint8Array(16).fill(7) });
  const roots = filesystem['wasi:filesystem/preopens']
    .getDirectories()
    .map(([descriptor]) => descriptor);
  const [root] = roots;
  if (root === undefined) throw new Error('a sandbox has at least one preopen');
  return {
    host,
    inside,
    instance,
    denials,
    root,
    roots,
    preopens,
    filesystem,
    async [Symbol.asyncDispose]() {
      instance.end();
      for (const preopen of preopens) preopen[Symbol.dispose]();
      await closed(host);
      fs.rmSync(host, { recursive: true, force: true });
    },
  };
}

/** Descriptors of this process that are open on something below `directory`. */
export function openBelow(directory: string): string[] {
  const found: string[] = [];
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith(directory)) found.push(target);
    } catch (thrown) {
      // The descriptor that the listing itself used is gone by now.
      if (errnoOf(thrown) !== 'ENOENT') throw thrown;
    }
  }
  return found;
}

/** Resolves when nothing below `directory` is open any more; rejects after 5 s with what still is. */
export async function closed(directory: string, expected = 0): Promise<void> {
  const until = performance.now() + 5000;
  while (openBelow(directory).length > expected) {
    if (performance.now() > until)
      throw new Error(`still open: ${openBelow(directory).join(', ')}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The error code a promise rejects with, or `ok`; anything that is no error code of a guest is thrown. */
export async function codeOf(work: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof work === 'function' ? work() : work);
    return 'ok';
  } catch (thrown) {
    if (thrown instanceof WasiError) return thrown.payload;
    throw thrown;
  }
}

const text = new TextDecoder();

/** Opens `name` for reading and returns what it holds. */
export async function readText(
  directory: Descriptor,
  name: string,
  follow = true,
): Promise<string> {
  using file = await directory.openAt({ symlinkFollow: follow }, name, {}, { read: true });
  const [bytes] = await file.read(1_000_000n, 0n);
  return text.decode(bytes);
}
