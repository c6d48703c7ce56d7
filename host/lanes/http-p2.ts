import { isCompatible, type Component, type ComponentExport } from '../component/index.ts';
import type { Guest } from '../runtime/index.ts';
import { IncomingRequest, ResponseOutparam, type ErrorCode, type OutgoingBodyHandle, type ResponseStart } from '../wasi/index.ts';
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
      serve: (runtime, exchange, scope) => runtime.run(scope, (guest) => handle(guest, found.name, exchange)),
    };
  },
};

function handlerOf(component: Component): ComponentExport | undefined {
  return component.exports.find(({ parsed, type }) => {
    if (parsed.kind !== 'interface' || type.kind !== 'instance' || type.exports.get('handle')?.kind !== 'func') return false;
    const name = `${parsed.namespace}:${parsed.package}/${parsed.interface}`;
    return name === INTERFACE && parsed.version !== undefined && isCompatible(parsed.version, VERSION);
  });
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

/** Sends the head, and connects the guest's body to the client. Throws what the head breaks, as a trap of `set`. */
function begin(exchange: HttpExchange, response: ResponseStart): OutgoingBodyHandle | undefined {
  if (response.status < 200) {
    throw badResponse(`a final response cannot have status ${response.status}`);
  }
  const lengths = response.headers.filter(([name]) => name.toLowerCase() === 'content-length');
  if (lengths.length > 1) throw badResponse('a response cannot have more than one content-length');
  const sink = exchange.respond(response.status, response.headers);
  if (response.body === undefined) sink.finish(undefined);
  else response.body.attach(sink);
  return response.body;
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
