import { quote } from '../../base/index.ts';
import {
  checkArguments,
  scriptSignature,
  ScriptValueError,
  type LiftOptions,
  type ScriptExports,
  type ScriptFunction,
  type ScriptModule,
  type ScriptValue,
} from '../../component/index.ts';
import type { FunctionRuntime, RunScope } from '../../runtime/index.ts';
import type { HeaderList } from '../../wasi/index.ts';
import { LaneError } from '../errors.ts';
import type { HttpExchange } from '../http-exchange.ts';
import { resultBudget, sendJson } from './answer.ts';
import { readWhole } from './body.ts';

/** Calls one function with what the request's body says, and answers with its result. */
export async function serveCall(
  called: ScriptFunction,
  script: ScriptModule,
  {
    runtime,
    exchange,
    scope,
  }: {
    readonly runtime: FunctionRuntime;
    readonly exchange: HttpExchange;
    readonly scope: RunScope;
  },
): Promise<void> {
  const body = await readWhole(exchange.body, {
    scope,
    clock: runtime.clock,
    timeout: runtime.limits.timeout,
  });
  const args = readArguments(
    called,
    script,
    headerValue(exchange.request.headers, 'content-type'),
    body,
  );
  const result = await callScript(runtime, scope, called, args, (view) =>
    Buffer.from(view).toString('base64'),
  );
  await sendJson(exchange, result, runtime);
}

/** As `FunctionRuntime.run`. */
export function callScript(
  runtime: FunctionRuntime,
  scope: RunScope,
  called: ScriptFunction,
  args: readonly ScriptValue[],
  bytes: LiftOptions['bytes'],
): Promise<unknown> {
  const spend = resultBudget(runtime);
  return runtime.run(scope, async ({ exports }) =>
    (exports as ScriptExports).call(called, args, { spend, bytes }),
  );
}

/** Throws `LaneError` `media-type-unsupported` (415), `arguments-not-json` and `argument-invalid` (400). */
function readArguments(
  called: ScriptFunction,
  script: ScriptModule,
  contentType: string | undefined,
  body: Uint8Array,
): ScriptValue[] {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isEmpty = body.length === 0 && called.params.every((each) => each.optional);
  if (!isEmpty && !/^application\/(?:[\w.-]+\+)?json$/.test(type))
    throw wrongMediaType(called, type);
  try {
    return checkArguments(called.params, isEmpty ? {} : parse(body), script);
  } catch (thrown) {
    throw thrown instanceof ScriptValueError ? wrongArgument(called, thrown) : thrown;
  }
}

function parse(body: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw notJson('it is not UTF-8');
  }
  try {
    // Only where it may matter: with a reviver V8 visits every value once more.
    return /\d{16}/.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
  } catch (thrown) {
    throw notJson(
      thrown instanceof RangeError ? 'it is nested too deeply' : (thrown as Error).message,
    );
  }
}

/** Integers keep all their digits: beyond 2^53 as a `bigint`. */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined)
    return value;
  return /^-?\d{1,40}$/.test(source) ? BigInt(source) : value;
}

export function headerValue(headers: HeaderList, name: string): string | undefined {
  const found = headers.find(([each]) => each.toLowerCase() === name);
  return found === undefined ? undefined : Buffer.from(found[1]).toString('latin1');
}

function wrongMediaType(called: ScriptFunction, given: string): LaneError {
  return new LaneError({
    code: 'media-type-unsupported',
    status: 415,
    message: `${called.name} takes application/json, not ${quote(given)}`,
    fix: 'send content-type: application/json',
    details: { accept: ['application/json'] },
  });
}

function notJson(reason: string): LaneError {
  return new LaneError({
    code: 'arguments-not-json',
    status: 400,
    message: `the body is not JSON: ${quote(reason, 200)}`,
    fix: 'send the arguments as a JSON object with their names: {"a": 1, "b": 2}',
  });
}

function wrongArgument(
  called: ScriptFunction,
  { path, expected, problem, message }: ScriptValueError,
): LaneError {
  return new LaneError({
    code: 'argument-invalid',
    status: 400,
    message,
    fix: `give ${path} a value of ${expected.slice(0, 500)}: ${scriptSignature(called).slice(0, 500)}`,
    details: { path, expected: expected.slice(0, 2000), problem },
  });
}
