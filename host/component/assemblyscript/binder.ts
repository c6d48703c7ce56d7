import { instantiateSync } from '@assemblyscript/loader';
import { quote } from '../../base/index.ts';
import type { BoundComponent, GuestExports } from '../binder.ts';
import type { CoreModule } from '../core-model.ts';
import { BinderError } from '../jco/errors.ts';
import type { ScriptValue } from './check.ts';
import { ScriptMemory, type LiftOptions, type LoadedExports } from './memory.ts';
import { hasRuntime } from './module.ts';
import type { ScriptFunction, ScriptModule } from './types.ts';

/**
 * The host's side of what AssemblyScript's compiler and standard library import from `env`: functions over numbers
 * and strings. Where one is absent, whatever calls it traps.
 */
export interface ScriptHost {
  /** Must throw. Positions are those of the source, from 1. */
  abort(message: string | undefined, file: string | undefined, line: number, column: number): never;
  trace(message: string, values: readonly number[]): void;
  /** Of `Math.random`. */
  seed?: (() => number) | undefined;
  /** Milliseconds since 1970. */
  dateNow?: (() => number) | undefined;
  performanceNow(): number;
  console(level: ScriptLogLevel, message: string): void;
}

const LEVELS = ['log', 'debug', 'info', 'warn', 'error'] as const;
export type ScriptLogLevel = (typeof LEVELS)[number];

export interface ScriptBindOptions {
  readonly bytes: Uint8Array;
  readonly module: CoreModule;
  readonly script: ScriptModule;
  /** Applied before the module is compiled. */
  readonly transform: (module: Uint8Array) => Uint8Array;
}

/** What an instance of an AssemblyScript module exports here. */
export interface ScriptExports extends GuestExports {
  /** Calls a function of the module, and gives its result as JSON has it; `undefined` for `void`. */
  readonly call: (
    called: ScriptFunction,
    args: readonly ScriptValue[],
    options: LiftOptions,
  ) => unknown;
  /** How large the guest's memory is. */
  readonly memoryBytes: () => number;
}

/**
 * Names as the language has them: the loader takes the others apart, and writes where they say, which may be into
 * what all objects inherit. Names of its own helpers would replace these.
 */
const NAME = /^(?!__proto__$|__get|__new.)[\p{L}_$~][\p{L}\p{N}_$@]*$/u;
/**
 * Calls between two collections: asc's `minimal` runtime never collects by itself, and its `incremental` one only while
 * it allocates. Where the memory grows meanwhile, there is half as many calls between them from then on, down to what
 * a collection of a large heap is still cheap against.
 */
const MOST_CALLS = 256;
const LEAST_CALLS = 8;
const GROWTH = 2 ** 20;

/**
 * Makes an AssemblyScript module ready: compiled once, instantiated any number of times, each with
 * `{ env: ScriptHost }`. Throws `BinderError` `component-unbindable`.
 */
export async function bindAssemblyScript({
  bytes,
  module,
  script,
  transform,
}: ScriptBindOptions): Promise<BoundComponent> {
  const unsafe = module.exports.find((each) => !NAME.test(each.name));
  if (unsafe !== undefined) {
    throw BinderError.unbindable(
      `the module exports a name that AssemblyScript's compiler does not give: ${quote(unsafe.name)}`,
      'export functions under plain names',
    );
  }
  const compiled = await compile(transform(bytes));
  const collects = hasRuntime(module);
  return {
    binder: 'core',
    async instantiate(imports) {
      const { env } = imports as unknown as { readonly env: ScriptHost };
      const attached: { exports?: LoadedExports } = {};
      const given = { env: environment(env, attached), Math: {}, Date: {} };
      // The loader's types name WebAssembly's as a browser has them.
      const { exports } = instantiateSync(compiled as never, given as never) as unknown as {
        readonly exports: LoadedExports;
      };
      attached.exports = exports;
      for (const start of ['_initialize', '_start'])
        if (typeof exports[start] === 'function') (exports[start] as () => void)();
      return {
        call: caller(exports, script, collects),
        memoryBytes: () => exports.memory.buffer.byteLength,
      } satisfies ScriptExports;
    },
  };
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (thrown) {
    throw BinderError.unbindable(
      `V8 refuses the module: ${(thrown as Error).message.split('\n', 1)[0]}`,
      undefined,
      thrown,
    );
  }
}

type CoreFunction = (...args: readonly (number | bigint)[]) => number | bigint | undefined;

function caller(
  exports: LoadedExports,
  script: ScriptModule,
  collects: boolean,
): ScriptExports['call'] {
  const memory = new ScriptMemory(exports, script);
  const setLength = exports['__setArgumentsLength'] as ((length: number) => void) | undefined;
  let calls = 0;
  let interval = MOST_CALLS;
  let size = exports.memory.buffer.byteLength;
  return (called, args, options) => {
    const core = exports[called.name] as CoreFunction & { readonly original: CoreFunction };
    const lowered = called.params.map(({ type }, at) =>
      at < args.length
        ? memory.lower(type, args[at] as ScriptValue)
        : type === 'i64' || type === 'u64'
          ? 0n
          : 0,
    );
    setLength?.(args.length);
    const result = core.original(...lowered);
    memory.unpin();
    const lifted =
      called.result === undefined
        ? undefined
        : memory.lift(called.result, result as number | bigint, options);
    calls += 1;
    const grown = exports.memory.buffer.byteLength - size;
    if (collects && (calls >= interval || grown >= GROWTH)) {
      exports.__collect();
      if (grown >= GROWTH) interval = Math.max(interval / 2, LEAST_CALLS);
      size = exports.memory.buffer.byteLength;
      calls = 0;
    }
    return lifted;
  };
}

/** Without a prototype: an import may have any name. */
function environment(
  host: ScriptHost,
  attached: { readonly exports?: LoadedExports },
): Record<string, unknown> {
  const text = (pointer: number): string | undefined =>
    // Before the instance is there, its memory cannot be read: that is while its start function runs.
    pointer === 0 || attached.exports === undefined
      ? undefined
      : readString(attached.exports, pointer);
  const absent = (name: string) => () => {
    throw new TypeError(`${name} is not granted`);
  };
  const env: Record<string, unknown> = {
    __proto__: null,
    abort: (message: number, file: number, line: number, column: number) =>
      host.abort(text(message), text(file), line >>> 0, column >>> 0),
    trace: (message: number, count: number, ...values: readonly number[]) =>
      host.trace(text(message) ?? '', values.slice(0, Math.max(0, count))),
    seed: host.seed ?? absent('env.seed'),
    'Date.now': host.dateNow ?? absent('Date.now'),
    'performance.now': () => host.performanceNow(),
    'console.assert': (condition: number, message: number) => {
      if (condition === 0) host.console('error', `assertion failed: ${text(message) ?? ''}`);
    },
  };
  for (const level of LEVELS)
    env[`console.${level}`] = (message: number) => host.console(level, text(message) ?? '');
  return env;
}

/** Most characters of a string that a guest logs or aborts with at once. */
const MAX_TEXT = 64 * 1024;

/** Not the loader's, which copies as much as the guest says. */
function readString({ memory }: LoadedExports, pointer: number): string {
  const at = pointer >>> 0;
  const length = Math.min(new DataView(memory.buffer).getUint32(at - 4, true) & ~1, MAX_TEXT * 2);
  return Buffer.from(memory.buffer, at, length).toString('utf16le');
}
