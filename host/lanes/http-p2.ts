import {
  isCompatible,
  type Component,
  type ComponentExport,
  type FuncType,
  type ValType,
} from '../component/index.ts';
import type { Guest } from '../runtime/index.ts';
import {
  contentLength,
  IncomingRequest,
  ResponseOutparam,
  type ErrorCode,
  type OutgoingBodyHandle,
  type ResponseStart,
} from '../wasi/index.ts';
import { LaneError } from './errors.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { Entry, Lane } from './lane.ts';

const INTERFACE = 'wasi:http/incoming-handler';
const VERSION = '0.2.0';

/** Components that export `wasi:http/incoming-handler` 0.2: each request is one call of `handle`. */
export const httpP2: Lane = {
  name: 'http-0.2',
  takes: `a component that exports ${INTERFACE}@0.2.x`,
  match(component): Entry | undefined {
    const found = handlerOf(component);
    if (found === undefined) return undefined;
    return {
      callable: ['HTTP requests'],
      serve: (runtime, exchange, scope) =>
        runtime.run(scope, (guest) => handle(guest, found.name, exchange)),
    };
  },
};

function handlerOf(component: Component): ComponentExport | undefined {
  return component.exports.find(({ parsed, type }) => {
    if (parsed.kind !== 'interface' || type.kind !== 'instance') return false;
    const callee = type.exports.get('handle');
    if (callee?.kind !== 'func' || !isHandle(callee)) return false;
    const name = `${parsed.namespace}:${parsed.package}/${parsed.interface}`;
    return (
      name === INTERFACE && parsed.version !== undefined && isCompatible(parsed.version, VERSION)
    );
  });
}

/** `handle: func(request: incoming-request, response-out: response-outparam)`, with the resources that the host makes. */
function isHandle({ async, params, result }: FuncType): boolean {
  const [request, out] = params;
  return (
    !async &&
    params.length === 2 &&
    result === undefined &&
    isOwnOf(request?.type, 'incoming-request') &&
    isOwnOf(out?.type, 'response-outparam')
  );
}

function isOwnOf(type: ValType | undefined, name: string): boolean {
  if (type?.kind !== 'own') return false;
  const { origin, owner = '' } = type.resource;
  return origin === 'import' && owner.startsWith('wasi:http/types@') && type.resource.name === name;
}

type Handle = (request: IncomingRequest, out: ResponseOutparam) => Promise<void>;

async function handle(guest: Guest, name: string, exchange: HttpExchange): Promise<void> {
  let outcome: ResponseStart | { readonly error: ErrorCode } | undefined;
  let body: OutgoingBodyHandle | undefined;
  const request = new IncomingRequest(guest.wasi, exchange.request, exchange.body);
  const out = new ResponseOutparam(guest.wasi, {
    respond(given) {
      outcome = given;
      if ('error' in given) return;
      body = begin(exchange, given);
    },
    dropped() {},
  });
  await (guest.exports[name] as { readonly handle: Handle }).handle(request, out);
  if (outcome === undefined) throw noResponse();
  if ('error' in outcome) throw reportedError(outcome.error);
  // Ending the instance for this, as any failure does, aborts the body that it left behind.
  if (body !== undefined && !body.finished) throw unfinished();
}

/** Sends the head, and connects the guest's body to the client. */
function begin(
  exchange: HttpExchange,
  { status, headers, body }: ResponseStart,
): OutgoingBodyHandle | undefined {
  // RFC 9110 section 8.6: only these may announce a length that no body follows.
  const mayPromise = exchange.request.method === 'HEAD' || status === 304;
  const promised = contentLength(headers);
  if (body === undefined && promised !== undefined && promised !== 0n && !mayPromise) {
    throw badResponse('the guest announced a content-length and gave no body');
  }
  const sink = exchange.respond(status, headers);
  if (body === undefined) sink.finish(undefined);
  else body.attach(sink);
  return body;
}

function noResponse(): LaneError {
  return new LaneError({
    code: 'guest-no-response',
    status: 500,
    message: 'the guest returned without setting a response',
    fix: 'call response-outparam.set on every path of the handler',
  });
}

function unfinished(): LaneError {
  return new LaneError({
    code: 'guest-response-unfinished',
    status: 500,
    message: 'the guest returned before its response body was finished',
    fix: 'call outgoing-body.finish before the handler returns',
  });
}

function badResponse(message: string): LaneError {
  return new LaneError({ code: 'guest-bad-response', status: 500, message });
}

function reportedError(error: ErrorCode): LaneError {
  return new LaneError({
    code: 'guest-error',
    status: 500,
    message: `the guest answered with the error ${error.tag}`,
    details: { errorCode: error.tag },
  });
}
