import type { Component, ComponentExport, CoreModule } from '../component/index.ts';
import { isCompatible } from '../component/index.ts';
import type { FunctionRuntime, Guest, RunScope } from '../runtime/index.ts';
import { GuestExit, type ByteSource, type IncomingBodySource } from '../wasi/index.ts';
import { CgiOutput } from './cgi/output.ts';
import { cgiVariables } from './cgi/variables.ts';
import { LaneError } from './errors.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { Entry, Lane } from './lane.ts';

const INTERFACE = 'wasi:cli/run';
const VERSION = '0.2.0';
/** What the exported functions of preview1 are called (WASI, legacy/application-abi.md). */
const START = '_start';
const INITIALIZE = '_initialize';

/** Runs the program in a new instance, to its end; resolves with its exit code. */
export type Command = (guest: Guest) => Promise<number>;

/** Programs: each request is one run, spoken to as CGI has it (RFC 3875). */
export const command: Lane = {
  name: 'command',
  takes: `a component that exports ${INTERFACE}@0.2.x`,
  takesModule: `a core module for wasi_snapshot_preview1 that exports ${START}`,
  match: (component) => entryOf(commandOf(component)),
  matchModule(module) {
    const entry = entryOf(moduleCommand(module));
    return entry === undefined ? undefined : { entry, program: { module } };
  },
};

/** The program that a component is; `undefined` when it is none. */
export function commandOf(component: Component): Command | undefined {
  const found = component.exports.find(isRun);
  if (found === undefined) return undefined;
  return async (guest) => {
    try {
      await (guest.exports[found.name] as { readonly run: () => Promise<void> }).run();
      return 0;
    } catch (thrown) {
      // `run` gives a result without a payload: the binder throws what carries it, and traps carry none.
      if (
        thrown instanceof Error &&
        'payload' in thrown &&
        !(thrown instanceof WebAssembly.RuntimeError)
      )
        return 1;
      throw thrown;
    }
  };
}

function isRun({ parsed, type }: ComponentExport): boolean {
  if (
    parsed.kind !== 'interface' ||
    type.kind !== 'instance' ||
    type.exports.get('run')?.kind !== 'func'
  )
    return false;
  const name = `${parsed.namespace}:${parsed.package}/${parsed.interface}`;
  return (
    name === INTERFACE && parsed.version !== undefined && isCompatible(parsed.version, VERSION)
  );
}

/** The program that a core module is; `undefined` when it is none. */
export function moduleCommand(module: CoreModule): Command | undefined {
  if (!hasPlainFunction(module, START)) return undefined;
  return async (guest) => {
    await call(guest, START);
    return 0;
  };
}

/** Whether a core module is a reactor: initialised once, and then called by its other exports. */
export function isReactor(module: CoreModule): boolean {
  return hasPlainFunction(module, INITIALIZE) && !hasPlainFunction(module, START);
}

/** Initialises a reactor, where that is asked for, and calls one of its functions with core values. */
export async function callExport(
  guest: Guest,
  name: string,
  args: readonly (number | bigint)[],
): Promise<unknown> {
  if (typeof guest.exports[INITIALIZE] === 'function') await call(guest, INITIALIZE);
  return call(guest, name, args);
}

function call(
  guest: Guest,
  name: string,
  args: readonly (number | bigint)[] = [],
): Promise<unknown> {
  return (guest.exports[name] as (...given: readonly (number | bigint)[]) => Promise<unknown>)(
    ...args,
  );
}

function hasPlainFunction(module: CoreModule, name: string): boolean {
  return module.exports.some(
    (each) =>
      each.name === name &&
      each.type.kind === 'func' &&
      each.type.params.length === 0 &&
      each.type.results.length === 0,
  );
}

/**
 * Runs a program and resolves with its exit code, whichever way it came to it. `scope.command` must be set.
 * Rejects as `FunctionRuntime.run` does for everything but an exit.
 */
export async function runToExit(
  runtime: FunctionRuntime,
  scope: RunScope,
  program: Command,
): Promise<number> {
  try {
    return await runtime.run(scope, program);
  } catch (thrown) {
    if (thrown instanceof GuestExit) return thrown.exitCode;
    throw thrown;
  }
}

function entryOf(program: Command | undefined): Entry | undefined {
  if (program === undefined) return undefined;
  return {
    callable: ['HTTP requests, each a run by CGI'],
    serve: (runtime, exchange, scope) => serve(runtime, exchange, scope, program),
  };
}

async function serve(
  runtime: FunctionRuntime,
  exchange: HttpExchange,
  scope: RunScope,
  program: Command,
): Promise<void> {
  const env = cgiVariables(exchange);
  const stdout = new CgiOutput(exchange, runtime.limits);
  const name = env.find(([variable]) => variable === 'SCRIPT_NAME')?.[1] ?? '';
  const run = {
    ...scope,
    stdout,
    command: { args: [name], env, stdin: bodySource(exchange.body) },
  };
  let code: number;
  try {
    code = await runToExit(runtime, run, program);
  } catch (thrown) {
    throw stdout.fail(thrown as Error);
  }
  if (code !== 0) throw stdout.fail(exited(code));
  stdout.finish();
}

/** The body as standard input. Many handles may be had of it and each be dropped; the body is the exchange's. */
function bodySource(body: IncomingBodySource): ByteSource {
  return {
    isReady: () => body.isReady(),
    subscribe: (wake) => body.subscribe(wake),
    read: (max) => body.read(max),
    close() {},
  };
}

function exited(code: number): LaneError {
  return new LaneError({
    code: 'guest-exited',
    status: 500,
    message: `the command exited with code ${code}`,
    fix: 'a command answers by exiting with 0; its standard error is in the log',
    details: { exitCode: code },
  });
}
