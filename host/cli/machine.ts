import { constants } from 'node:fs';
import { access, open, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Machine } from './doctor-checks.ts';

/** The machine this process runs on. */
export function thisMachine(data: string, addresses: readonly string[]): Machine {
  return {
    platform: process.platform,
    nodeVersion: process.versions.node,
    hasJspi: hasJspi(),
    data,
    addresses,
    async loadTranspiler() {
      await import('@bytecodealliance/jco-transpile');
    },
    bind,
    async mode(path) {
      return (await absentAsUndefined(stat(path)))?.mode;
    },
    async checkWritable(directory) {
      let nearest = directory;
      while (
        (await absentAsUndefined(stat(nearest))) === undefined &&
        dirname(nearest) !== nearest
      ) {
        nearest = dirname(nearest);
      }
      await access(nearest, constants.W_OK | constants.X_OK);
    },
    async openThroughProc() {
      const directory = await open('/', constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await stat(`/proc/self/fd/${directory.fd}/proc`);
      } finally {
        await directory.close();
      }
    },
    readProc: (path) => absentAsUndefined(readFile(path, 'utf8')),
  };
}

function hasJspi(): boolean {
  const wasm: unknown = Reflect.get(globalThis, 'WebAssembly');
  return typeof wasm === 'object' && wasm !== null && 'Suspending' in wasm && 'promising' in wasm;
}

async function absentAsUndefined<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Binds and lets go again. */
function bind(address: string): Promise<void> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer();
  server.once('error', reject);
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  return promise;
}
