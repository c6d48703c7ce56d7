import { WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { Pollable, Wakers } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import { type ErrorCode, HttpFailure } from './error-code.ts';
import {
  contentLength,
  exceededHeaderLimit,
  sectionSize,
  withoutForbidden,
} from './header-list.ts';
import type { IncomingBodySource, Once, Outcome } from './incoming-body.ts';
import { IncomingResponse } from './incoming-response.ts';
import { tokenOf } from './method.ts';
import type { OutgoingRequest, OutgoingRequestParts, RequestOptions } from './outgoing-request.ts';
import { isHttpAuthority } from './syntax.ts';
import type {
  HttpTransport,
  IncomingExchange,
  OutgoingExchange,
  SubrequestBudget,
} from './transport.ts';

type State =
  | { readonly is: 'waiting' }
  | { readonly is: 'arrived'; readonly exchange: IncomingExchange }
  | { readonly is: 'failed'; readonly code: ErrorCode }
  | { readonly is: 'broken'; readonly error: unknown }
  | { readonly is: 'taken' };

/** `wasi:http/types.future-incoming-response`. Dropped before the response is taken it aborts the exchange. */
export class FutureIncomingResponse extends HostResource {
  readonly #wakers = new Wakers();
  readonly #controller = new AbortController();
  #state: State = { is: 'waiting' };

  constructor(instance: WasiInstance, transport: HttpTransport, request: OutgoingExchange) {
    super(instance);
    transport.send(request, this.#controller.signal).then(
      (exchange) => this.#arrive(exchange),
      (thrown: unknown) => {
        request.body?.discard();
        this.#settle(
          thrown instanceof HttpFailure
            ? { is: 'failed', code: thrown.code }
            : { is: 'broken', error: thrown },
        );
      },
    );
  }

  subscribe(): Pollable {
    return new Pollable(this.instance, {
      isReady: () => this.#state.is !== 'waiting',
      subscribe: (wake) => this.#wakers.subscribe(wake),
    });
  }

  get(): Once<IncomingResponse> | undefined {
    this.instance.check();
    const state = this.#state;
    if (state.is === 'waiting') return undefined;
    if (state.is === 'taken') return { tag: 'err', val: undefined };
    // A transport that broke its contract is a fault of the host: the guest cannot mend it, and it must not be hidden.
    if (state.is === 'broken') throw state.error;
    this.#state = { is: 'taken' };
    return {
      tag: 'ok',
      val: state.is === 'failed' ? { tag: 'err', val: state.code } : this.#response(state.exchange),
    };
  }

  #arrive(exchange: IncomingExchange): void {
    if (this.disposed) exchange.body.close();
    else this.#settle({ is: 'arrived', exchange });
  }

  #settle(state: State): void {
    if (this.disposed) return;
    this.#state = state;
    this.#wakers.wake();
  }

  #response({ status, headers, body }: IncomingExchange): Outcome<IncomingResponse> {
    const source = abortingSource(body, this.#controller);
    const visible = withoutForbidden(headers);
    if (exceededHeaderLimit(visible, this.instance.limits) !== undefined) {
      source.close();
      return {
        tag: 'err',
        val: { tag: 'HTTP-response-header-section-size', val: sectionSize(visible) },
      };
    }
    return { tag: 'ok', val: new IncomingResponse(this.instance, status, visible, source) };
  }

  protected override onDispose(): void {
    const state = this.#state;
    if (state.is === 'arrived') state.exchange.body.close();
    if (state.is === 'arrived' || state.is === 'waiting') this.#controller.abort();
  }
}

/** Nobody reads on: then nothing more needs to arrive either. After the end the connection may live on. */
function abortingSource(body: IncomingBodySource, controller: AbortController): IncomingBodySource {
  let ended = false;
  return {
    isReady: () => body.isReady(),
    subscribe: (wake) => body.subscribe(wake),
    read: (max) => {
      const bytes = body.read(max);
      if (bytes === undefined) ended = true;
      return bytes;
    },
    expect: (max) => body.expect?.(max),
    trailers: () => body.trailers(),
    close: () => {
      body.close();
      if (!ended) controller.abort();
    },
  };
}

export interface OutgoingHandlerOptions {
  readonly transport: HttpTransport;
  readonly budget: SubrequestBudget;
}

/**
 * `wasi:http/outgoing-handler.handle`. Fails at once with `HTTP-request-method-invalid`, `HTTP-request-URI-invalid`,
 * `HTTP-protocol-error` (a scheme that is not HTTP's) or `HTTP-request-body-size` (a `content-length` that is not
 * one number), and with `HTTP-request-denied` over `limits.subrequests`. Everything later is the future's.
 */
export function handle(
  instance: WasiInstance,
  { transport, budget }: OutgoingHandlerOptions,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): FutureIncomingResponse {
  instance.check();
  const parts = request.take();
  const timeouts = options?.take() ?? {
    connect: undefined,
    firstByte: undefined,
    betweenBytes: undefined,
  };
  try {
    const exchange = { ...validate(parts), timeouts };
    if (!budget.take()) throw overBudget(instance, budget);
    return new FutureIncomingResponse(instance, transport, exchange);
  } catch (thrown) {
    parts.body?.discard();
    throw thrown;
  }
}

function validate(parts: OutgoingRequestParts): Omit<OutgoingExchange, 'timeouts'> {
  const method = tokenOf(parts.method);
  // A tunnel is no exchange of request and response, and would carry what nobody could check.
  if (method === 'CONNECT') throw new WasiError<ErrorCode>({ tag: 'HTTP-request-method-invalid' });
  const scheme = parts.scheme?.tag ?? 'HTTPS';
  if (scheme === 'other') throw new WasiError<ErrorCode>({ tag: 'HTTP-protocol-error' });
  const { authority } = parts;
  if (authority === undefined || !isHttpAuthority(authority))
    throw new WasiError<ErrorCode>({ tag: 'HTTP-request-URI-invalid' });
  if (contentLength(parts.headers) === 'invalid')
    throw new WasiError<ErrorCode>({ tag: 'HTTP-request-body-size', val: undefined });
  const path = parts.pathWithQuery ?? '';
  const pathWithQuery = path === '' || path.startsWith('?') ? `/${path}` : path;
  if (pathWithQuery === '*' && method !== 'OPTIONS')
    throw new WasiError<ErrorCode>({ tag: 'HTTP-request-URI-invalid' });
  return {
    method,
    scheme: scheme === 'HTTP' ? 'http' : 'https',
    authority,
    pathWithQuery,
    headers: parts.headers,
    body: parts.body,
  };
}

function overBudget(instance: WasiInstance, budget: SubrequestBudget): WasiError<ErrorCode> {
  if (budget.report()) {
    instance.denied({
      capability: 'http',
      what: `more than ${budget.limit} outgoing requests`,
      fix: 'raise limits.subrequests if the function needs it',
    });
  }
  return new WasiError<ErrorCode>({ tag: 'HTTP-request-denied' });
}
