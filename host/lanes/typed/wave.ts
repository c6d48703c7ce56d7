import { nearest } from '../../base/index.ts';
import {
  argumentsFromWave,
  parseJson,
  resultText,
  toWave,
  WaveError,
  WaveLexer,
} from '../../component/index.ts';
import { LaneError } from '../errors.ts';
import type { Callable, Callables } from './callables.ts';
import { unknownFunction } from './refusals.ts';

/** A call as WAVE writes it (wasm-wave's README, "Function calls"), made the request that it stands for. */
export interface WaveCall {
  readonly callable: Callable;
  /** The arguments by name, in their JSON form. */
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * Reads `add(1, 2)`, `mirror/echo-u8(1)` or `ns:pkg/face@1.0.0#echo-u8(1)`. A function whose name no other function
 * has needs no interface.
 *
 * Throws `LaneError` `wave-invalid` (400), `export-unknown` (404).
 */
export function readCall(text: string, callables: Callables): WaveCall {
  const open = text.indexOf('(');
  if (open === -1) throw invalid('at the end: expected ( after the name of a function');
  const callable = find(text.slice(0, open).trim(), callables);
  const lexer = new WaveLexer(text, open + 1);
  try {
    const args = argumentsFromWave(callable.params, lexer, callables.names);
    if (!lexer.done) throw lexer.wrong('expected nothing after the call');
    return { callable, args };
  } catch (thrown) {
    if (thrown instanceof WaveError) throw invalid(thrown.message, thrown.at);
    throw thrown;
  }
}

/** What a successful answer, or a `function-error`, says in WAVE. */
export function answerWave(
  { kind, result }: Callable,
  status: number,
  body: string,
): string | undefined {
  if (status === 422) {
    const { code, error } = parseJson(body) as {
      readonly code?: unknown;
      readonly error?: unknown;
    };
    return code === 'function-error' && result?.kind === 'result'
      ? resultText('err', result.err, error)
      : undefined;
  }
  if (status !== 200 && status !== 204) return undefined;
  const answered = status === 204 ? null : parseJson(body);
  if (result === undefined) return '()';
  if (result.kind === 'result') return resultText('ok', result.ok, answered);
  return toWave(
    result,
    kind === 'constructor' ? (answered as { readonly handle: string }).handle : answered,
  );
}

function find(name: string, callables: Callables): Callable {
  const plain = name.replace('#', '/').replaceAll('%', '');
  // As wasmtime writes it: ns:pkg/face.func@1.0.0, or face.func.
  const path = callables.functions.has(plain)
    ? plain
    : plain.replace(/\.([a-z][a-z0-9-]*)(@.*)?$/i, '$2/$1');
  const found = callables.functions.get(path);
  if (found !== undefined) return found;
  const alike = callables.list.filter((each) => each.path.endsWith(`/${path}`));
  const [only] = alike;
  if (only !== undefined && alike.length === 1) return only;
  if (alike.length > 1) {
    const names = alike.map((each) => each.path);
    throw new LaneError({
      code: 'export-unknown',
      status: 404,
      message: `${JSON.stringify(path)} is the name of several functions`,
      fix: `say which: ${names.slice(0, 10).join(', ')}`,
      details: { functions: names.slice(0, 100), didYouMean: nearest(path, names) ?? names[0] },
    });
  }
  throw unknownFunction(path, callables);
}

function invalid(problem: string, at?: number): LaneError {
  return new LaneError({
    code: 'wave-invalid',
    status: 400,
    message: `the call is not WAVE: ${problem.slice(0, 500)}`,
    fix: 'write it as FUNCTION(ARGUMENTS): add(1, 2), greet("Ada", some("Dr.")), draw({x: 1, y: 2.5})',
    details: at === undefined ? undefined : { at },
  });
}
