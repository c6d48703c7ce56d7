import {
  checkValue,
  scriptTypeText,
  type ScriptFunction,
  type ScriptModule,
  type ScriptType,
  type ScriptValue,
} from '../../component/index.ts';
import type { FunctionRuntime, RunScope } from '../../runtime/index.ts';
import {
  contentLength,
  exceededHeaderLimit,
  isFieldValue,
  isForbidden,
  isToken,
  withoutForbidden,
  type HeaderList,
} from '../../wasi/index.ts';
import { LaneError } from '../errors.ts';
import type { HttpExchange } from '../http-exchange.ts';
import { sendWhole } from './answer.ts';
import { readWhole } from './body.ts';
import { callScript } from './call.ts';

/** The classes of `guest/assemblyscript/assembly/http.ts`: what matters is what they hold, not where they come from. */
const HEADERS = 'Array<{name: string, value: string}>';
const REQUEST = `{authority: string, body: ArrayBuffer, headers: ${HEADERS}, method: string, path: string, scheme: string}`;
const RESPONSE = `{body: ArrayBuffer, headers: ${HEADERS}, status: i32}`;

export interface Handler {
  readonly called: ScriptFunction;
  /** Of the request. */
  readonly type: ScriptType;
}

/** The function that takes whole requests, `handle(request: Request): Response`; `undefined` where there is none. */
export function handlerOf(script: ScriptModule): Handler | undefined {
  const found = script.functions.find((each) => each.name === 'handle');
  const [request, ...others] = found?.params ?? [];
  if (found?.result === undefined || request === undefined || others.length > 0) return undefined;
  return shape(request.type, script) === REQUEST && shape(found.result, script) === RESPONSE
    ? { called: found, type: request.type }
    : undefined;
}

/** A type with its classes written out, one level of them within another: deeper ones are of no handler. */
function shape(type: ScriptType, script: ScriptModule, depth = 0): string {
  if (typeof type === 'string' || depth > 2) return scriptTypeText(type);
  if (type.kind === 'array' && !type.fixed) return `Array<${shape(type.element, script, depth)}>`;
  if (type.kind !== 'class') return scriptTypeText(type);
  const fields = [...(script.classes.get(type.name)?.fields ?? [])].sort((one, other) =>
    one.name < other.name ? -1 : 1,
  );
  return `{${fields.map((each) => `${each.name}: ${shape(each.type, script, depth + 1)}`).join(', ')}}`;
}

interface GuestResponse {
  readonly status: number;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: Uint8Array;
}

/** One request is one call of `handle`, with the whole body on both sides. */
export async function serveHandle(
  { called, type }: Handler,
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
  const request = requestValue(type, script, exchange, body);
  const given = (await callScript(runtime, scope, called, [request], (view) =>
    Buffer.from(view),
  )) as GuestResponse;
  await sendWhole(
    exchange,
    { status: statusOf(given), headers: headersOf(given, exchange, runtime), body: given.body },
    runtime,
  );
}

function requestValue(
  type: ScriptType,
  script: ScriptModule,
  { request }: HttpExchange,
  body: Uint8Array,
): ScriptValue {
  const headers = withoutForbidden(request.headers).map(([name, value]) => ({
    name,
    value: Buffer.from(value).toString('latin1'),
  }));
  const { method, scheme, authority = '', pathWithQuery: path } = request;
  return checkValue(type, { method, path, scheme, authority, headers, body }, script, '$');
}

function statusOf({ status }: GuestResponse): number {
  if (status < 200 || status > 599)
    throw badResponse(`the status ${status}, and 200 to 599 are final ones`);
  return status;
}

/** Held to what `wasi:http` holds a guest's fields to (RFC 9110 section 5). */
function headersOf(
  { headers, body, status }: GuestResponse,
  { request }: HttpExchange,
  { limits }: FunctionRuntime,
): HeaderList {
  const list: [string, Uint8Array][] = headers.map(({ name, value }) => {
    if (!isToken(name)) throw badResponse('a header whose name is none');
    if (isForbidden(name.toLowerCase()))
      throw badResponse(`the header ${name.toLowerCase()}, which is the host's to set`);
    const bytes = Buffer.from(value, 'latin1');
    if (bytes.toString('latin1') !== value || !isFieldValue(bytes))
      throw badResponse(`a value of the header ${name} that is none`);
    return [name, bytes];
  });
  const exceeded = exceededHeaderLimit(list, limits);
  if (exceeded !== undefined) throw badResponse(`more headers than limits.${exceeded} allows`);
  const declared = contentLength(list);
  const mayPromise = request.method === 'HEAD' || status === 304;
  if (declared === undefined) list.push(['content-length', Buffer.from(String(body.length))]);
  else if (declared !== BigInt(body.length) && (declared === 'invalid' || !mayPromise)) {
    throw badResponse('a content-length that is not the length of the body');
  }
  return list;
}

function badResponse(what: string): LaneError {
  return new LaneError({
    code: 'guest-bad-response',
    status: 500,
    message: `the guest's response has ${what}`,
  });
}
