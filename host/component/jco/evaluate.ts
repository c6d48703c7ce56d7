import { Script } from 'node:vm';
import type { GuestExports, HostImports } from '../binder.ts';

/** The `instantiate` that jco emits in its instantiation mode. */
export type Instantiate = (
  getCoreModule: (path: string) => WebAssembly.Module,
  imports: HostImports,
  instantiateCore: (
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
  ) => WebAssembly.Instance,
) => GuestExports | Promise<GuestExports>;

const HEAD = 'export function instantiate(';
const TAIL = 'export const _util';
/** The default for hosts that give no modules; `import.meta` exists in modules only. */
const FETCH =
  'if (!getCoreModule) getCoreModule = (name) => fetchCompile(new URL(`./${name}`, import.meta.url));';

/**
 * Makes jco's emitted module callable. It is run as a script rather than imported as a module, because
 * modules stay in Node's module map for ever and functions come and go.
 *
 * Throws an `Error` when the text is not of the shape that this version of jco emits.
 */
export function evaluate(source: string, label: string): Instantiate {
  const head = source.indexOf(HEAD);
  const tail = source.lastIndexOf(TAIL);
  const fetches = source.indexOf(FETCH);
  if (head === -1 || fetches < head || tail < fetches)
    throw new Error("jco's output is not of the shape this host knows");
  const body = [
    source.slice(head + 'export '.length, fetches),
    source.slice(fetches + FETCH.length, tail),
    source.slice(tail + 'export '.length),
  ].join('');
  const script = new Script(`(function () { 'use strict';\n${body}\nreturn instantiate; })()`, {
    filename: `jco:${label}`,
  });
  return script.runInThisContext() as Instantiate;
}

/** jco instantiates without leaving the turn when modules are there and instances are made synchronously. */
export function instantiateCore(
  module: WebAssembly.Module,
  imports?: WebAssembly.Imports,
): WebAssembly.Instance {
  return new WebAssembly.Instance(module, imports);
}
