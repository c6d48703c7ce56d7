import { Script } from 'node:vm';
import type { GuestExports, HostImports, Lifetime } from '../binder.ts';
import { GuestTimers } from './guest-timers.ts';

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

/** Where jco notes that a promise of the host has settled. */
const SETTLED = 'STORE_ASYNC_STATE.pendingHostOperations--;';
/** How jco makes a list of the bytes of a stream, which takes ten times as long as a loop. */
const LISTED = 'Array.from(new Uint8Array(';
/** What jco's output uses of the host's globals that belongs to one instance. */
const GLOBALS =
  'setTimeout, clearTimeout, setInterval, clearInterval, progressed, listOf, WebAssembly';

/** Makes the `instantiate` of one instance, which is ended with its lifetime. */
export type Evaluated = (lifetime?: Lifetime) => Instantiate;

/**
 * Makes jco's emitted module callable. It is run as a script rather than imported as a module, because
 * modules stay in Node's module map for ever and functions come and go.
 *
 * Throws an `Error` when the text is not of the shape that this version of jco emits.
 */
export function evaluate(source: string, label: string): Evaluated {
  const head = source.indexOf(HEAD);
  const tail = source.lastIndexOf(TAIL);
  const fetches = source.indexOf(FETCH);
  if (head === -1 || fetches < head || tail < fetches)
    throw new Error("jco's output is not of the shape this host knows");
  const body = [
    source.slice(head + 'export '.length, fetches),
    source.slice(fetches + FETCH.length, tail),
    source.slice(tail + 'export '.length),
  ]
    .join('')
    .replaceAll(SETTLED, `${SETTLED} progressed();`)
    .replaceAll(LISTED, LISTED.replace('Array.from', 'listOf'));
  const script = new Script(
    `(function (${GLOBALS}) { 'use strict';\n${body}\nreturn instantiate; })`,
    { filename: `jco:${label}` },
  );
  const evaluated = script.runInThisContext() as (...globals: unknown[]) => Instantiate;
  return (lifetime) => {
    const timers = new GuestTimers();
    lifetime?.onEnd(() => timers.stop());
    const { setTimeout, clearTimeout, setInterval, clearInterval, progressed } = timers;
    const watched = watchedWebAssembly(progressed, (thrown) => lifetime?.trapped(thrown));
    return evaluated(
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
      progressed,
      listOf,
      watched,
    );
  };
}

function listOf(bytes: Uint8Array): number[] {
  const { length } = bytes;
  // oxlint-disable-next-line unicorn/no-new-array -- filling a list of known length is what makes it fast
  const list = new Array<number>(length);
  for (let at = 0; at < length; at++) list[at] = bytes[at] as number;
  return list;
}

/**
 * `WebAssembly` as jco's output sees it: with word of everything that guest code ends with, since jco keeps to
 * itself what a task ends with after it has returned its result.
 */
function watchedWebAssembly(
  progressed: () => void,
  trapped: (thrown: unknown) => void,
): typeof WebAssembly {
  const promising = (callee: unknown) => {
    const promised = WebAssembly.promising(callee);
    return (...args: unknown[]): Promise<unknown> => {
      const outcome = promised(...args);
      outcome.then(progressed, trapped);
      return outcome;
    };
  };
  return Object.assign(Object.create(WebAssembly) as typeof WebAssembly, { promising });
}

/** jco instantiates without leaving the turn when modules are there and instances are made synchronously. */
export function instantiateCore(
  module: WebAssembly.Module,
  imports?: WebAssembly.Imports,
): WebAssembly.Instance {
  return new WebAssembly.Instance(module, imports);
}
