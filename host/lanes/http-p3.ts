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
  RequestP3,
  WasiError,
  type ErrorCode,
  type ResponseP3,
} from '../wasi/index.ts';
import { LaneError } from './errors.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { Entry, Lane } from './lane.ts';

const INTERFACE = 'wasi:http/handler';
const VERSION = '0.3.0';

/**
 * Components that export `wasi:http/handler` 0.3: each request is one call of `handle`, which returns a response whose
 * body the guest goes on writing. With `isolation = "instance"` one instance serves many at once.
 */
export const httpP3: Lane = {
  name: 'http-0.3',
  takes: `a component that exports ${INTERFACE}@0.3.x`,
  match(component): Entry | undefined {
    const found = handlerOf(component);
    if (found === undefined) return undefined;
    return {
      callable: ['HTTP requests'],
      serve: (runtime, exchange, scope) =>
        runtime.share(scope, (guest) => handle(guest, found.name, exchange)),
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

/** `handle: async func(request: request) -> result<response, error-code>`, with the resources that the host makes. */
function isHandle({ async, params, result }: FuncType): boolean {
  return (
    async &&
    params.length === 1 &&
    isOwnOf(params[0]?.type, 'request') &&
    result?.kind === 'result' &&
    isOwnOf(result.ok, 'response')
  );
}

function isOwnOf(type: ValType | undefined, name: string): boolean {
  if (type?.kind !== 'own') return false;
  const { origin, owner = '' } = type.resource;
  return origin === 'import' && owner.startsWith('wasi:http/types@') && type.resource.name === name;
}

type Handle = (request: RequestP3) => Promise<ResponseP3>;

async function handle(guest: Guest, name: string, exchange: HttpExchange): Promise<void> {
  const request = RequestP3.receive(guest.wasi, exchange.request, exchange.body);
  let cancel = () => {};
  guest.onOver(() => {
    request.release();
    cancel();
  });
  const response = await call(guest.exports[name] as { readonly handle: Handle }, request);
  const { status, headers, transfer } = taken(response);
  if (transfer === undefined) {
    checkPromise(exchange, status, contentLength(headers));
    exchange.respond(status, headers).finish(undefined);
  } else {
    cancel = () => transfer.cancel();
    transfer.body.attach(exchange.respond(status, headers));
    const failure = await transfer.done;
    if (failure !== undefined) throw incomplete(failure);
  }
  request.release();
}

/** The binder throws the `err` of a result as it is; everything else that is thrown is a trap. */
async function call(
  exported: { readonly handle: Handle },
  request: RequestP3,
): Promise<ResponseP3> {
  try {
    return await exported.handle(request);
  } catch (thrown) {
    throw isErrorCode(thrown) ? reportedError(thrown) : thrown;
  }
}

function isErrorCode(thrown: unknown): thrown is ErrorCode {
  return (
    typeof thrown === 'object' && thrown !== null && !(thrown instanceof Error) && 'tag' in thrown
  );
}

function taken(response: ResponseP3): ReturnType<ResponseP3['send']> {
  try {
    return response.send();
  } catch (thrown) {
    if (!(thrown instanceof WasiError)) throw thrown;
    throw reportedError(thrown.payload as ErrorCode);
  }
}

/** RFC 9110 section 8.6: only an answer to HEAD and a 304 may announce a length that no body follows. */
function checkPromise({ request }: HttpExchange, status: number, promised: unknown): void {
  if (promised === undefined || promised === 0n || request.method === 'HEAD' || status === 304)
    return;
  throw new LaneError({
    code: 'guest-bad-response',
    status: 500,
    message: 'the guest announced a content-length and gave no body',
  });
}

function incomplete(cause: Error): LaneError {
  return new LaneError({
    code: 'guest-response-unfinished',
    status: 500,
    message: `the response body ended before it was complete: ${cause.message}`,
    fix: 'write the whole body, and resolve the future of the trailers',
    cause,
  });
}

function reportedError(error: ErrorCode): LaneError {
  return new LaneError({
    code: 'guest-error',
    status: 500,
    message: `the guest answered with the error ${error.tag}`,
    details: { errorCode: error.tag },
  });
}
