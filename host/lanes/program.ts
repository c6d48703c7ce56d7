import {
  readComponent,
  readCoreModule,
  sniff,
  type CoreFuncType,
  type CoreModule,
} from '../component/index.ts';
import type { Guest, Program } from '../runtime/index.ts';
import { callExport, commandOf, isReactor, moduleCommand, type Command } from './command.ts';
import { LaneError } from './errors.ts';

/** A program that is run without a server, and one function of a module where that is what is asked for. */
export interface Runnable {
  readonly program: Program;
  readonly run: Command;
}

/** One function of a core module, to be called with numbers. */
export interface Invocation {
  readonly name: string;
  readonly args: readonly string[];
  /** Told of each result, in order. */
  readonly result: (text: string) => void;
}

/**
 * Reads what `selvedge run` was given. Throws `ComponentError`, or `LaneError`: `no-command` for what is no
 * program, `no-such-export` and `bad-argument` for an invocation that cannot be.
 */
export function readProgram(bytes: Uint8Array, invocation?: Invocation): Runnable {
  if (sniff(bytes).kind === 'core-module') {
    const module = readCoreModule(bytes);
    const run = invocation === undefined ? moduleCommand(module) : invoked(module, invocation);
    if (run === undefined) throw noCommand(isReactor(module) ? reactorFix(module) : undefined);
    return { program: { module }, run };
  }
  const component = readComponent(bytes);
  if (invocation !== undefined) {
    throw new LaneError({
      code: 'no-such-export',
      status: 400,
      message: 'functions of components are not called from here',
      fix: 'deploy the component and call its functions over HTTP',
    });
  }
  const run = commandOf(component);
  if (run === undefined) throw noCommand(undefined);
  return { program: { component }, run };
}

/** Exit code 0: a function that returns has done its work. */
function invoked(module: CoreModule, { name, args, result }: Invocation): Command {
  const type = functionsOf(module).get(name);
  if (type === undefined) {
    throw new LaneError({
      code: 'no-such-export',
      status: 400,
      message: `the module exports no function ${JSON.stringify(name)} that takes and gives numbers`,
      fix: reactorFix(module),
    });
  }
  if (args.length !== type.params.length) {
    throw new LaneError({
      code: 'bad-argument',
      status: 400,
      message: `${signature(name, type)} takes ${type.params.length} arguments, not ${args.length}`,
    });
  }
  const values = args.map((text, at) => coreValue(text, typeText(type.params[at])));
  return async (guest: Guest) => {
    const given = await callExport(guest, name, values);
    const results =
      type.results.length > 1 ? (given as unknown[]) : type.results.length === 1 ? [given] : [];
    for (const each of results) result(String(each));
    return 0;
  };
}

const INTEGER = /^-?(?:0x[0-9a-f]+|\d+)$/i;
const BITS: Readonly<Record<string, number>> = { i32: 32, i64: 64 };

/** An integer as signed or unsigned, a float as JavaScript writes it, `inf` and `nan` as WebAssembly's text does. */
function coreValue(text: string, type: string): number | bigint {
  const bits = BITS[type];
  if (bits === undefined) {
    const known: Readonly<Record<string, number>> = {
      inf: Infinity,
      '-inf': -Infinity,
      nan: Number.NaN,
    };
    const number = known[text] ?? Number(text);
    if (text.trim() === '' || (Number.isNaN(number) && text !== 'nan'))
      throw badArgument(text, type);
    return number;
  }
  if (!INTEGER.test(text)) throw badArgument(text, type);
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  const limit = 2n ** BigInt(bits);
  if (value >= limit || value < -limit / 2n) throw badArgument(text, type);
  return bits === 64 ? value : Number(BigInt.asIntN(32, value));
}

function badArgument(text: string, type: string): LaneError {
  return new LaneError({
    code: 'bad-argument',
    status: 400,
    message: `${JSON.stringify(text.slice(0, 100))} is no ${type}`,
  });
}

/** Exported functions that numbers are enough to call. */
function functionsOf(module: CoreModule): Map<string, CoreFuncType> {
  const numbers = new Set<unknown>(['i32', 'i64', 'f32', 'f64']);
  const found = new Map<string, CoreFuncType>();
  for (const { name, type } of module.exports) {
    if (type.kind !== 'func' || name === '_initialize') continue;
    if ([...type.params, ...type.results].every((each) => numbers.has(each))) found.set(name, type);
  }
  return found;
}

function signature(name: string, { params, results }: CoreFuncType): string {
  return `${JSON.stringify(name.slice(0, 100))}(${params.map(typeText).join(', ')})${results.length > 0 ? ` -> ${results.map(typeText).join(', ')}` : ''}`;
}

function typeText(type: CoreFuncType['params'][number] | undefined): string {
  return typeof type === 'string' ? type : 'ref';
}

function reactorFix(module: CoreModule): string | undefined {
  const all = [...functionsOf(module)].slice(0, 20).map(([name, type]) => signature(name, type));
  return all.length === 0
    ? undefined
    : `call one of its functions with --invoke: ${all.join(', ')}`;
}

function noCommand(fix: string | undefined): LaneError {
  return new LaneError({
    code: 'no-command',
    status: 422,
    message:
      'the module is no command: it exports neither wasi:cli/run@0.2.x nor, as a core module, _start',
    fix: fix ?? 'serve a component that answers HTTP with: selvedge serve FILE.wasm',
  });
}
