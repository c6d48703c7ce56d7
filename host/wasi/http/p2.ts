import type { WasiInstance } from '../instance.ts';
import { bindConstructor } from '../resource.ts';
import { httpErrorCode } from './error-code.ts';
import { Fields } from './fields.ts';
import type { HeaderList } from './header-list.ts';
import { FutureTrailers, IncomingBody } from './incoming-body.ts';
import { IncomingRequest } from './incoming-request.ts';
import { IncomingResponse } from './incoming-response.ts';
import { FutureIncomingResponse, handle } from './outgoing-handler.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { OutgoingRequest, RequestOptions } from './outgoing-request.ts';
import { OutgoingResponse, ResponseOutparam } from './outgoing-response.ts';
import { type HttpTransport, SubrequestBudget } from './transport.ts';

export interface HttpOptions {
  /** Left out where the guest may send nothing: then there is no `outgoing-handler`. */
  readonly transport?: HttpTransport | undefined;
  /** Left out: `limits.subrequests` for the life of the instance. */
  readonly budget?: SubrequestBudget | undefined;
}

/** `wasi:http` 0.2 for one instance. */
export function httpP2(instance: WasiInstance, options: HttpOptions) {
  const BoundFields = Object.assign(bindConstructor(Fields, instance), {
    fromList: (entries: HeaderList) => Fields.create(instance, entries),
  });
  return {
    'wasi:http/types': {
      Fields: BoundFields,
      FutureIncomingResponse,
      FutureTrailers,
      IncomingBody,
      IncomingRequest,
      IncomingResponse,
      OutgoingBody,
      OutgoingRequest: bindConstructor(OutgoingRequest, instance),
      OutgoingResponse: bindConstructor(OutgoingResponse, instance),
      RequestOptions: bindConstructor(RequestOptions, instance),
      ResponseOutparam,
      httpErrorCode,
    },
    ...outgoing(instance, options),
  };
}

function outgoing(instance: WasiInstance, { transport, budget }: HttpOptions) {
  if (transport === undefined) return {};
  const handlerOptions = {
    transport,
    budget: budget ?? new SubrequestBudget(instance.limits.subrequests),
  };
  return {
    'wasi:http/outgoing-handler': {
      handle: (request: OutgoingRequest, options: RequestOptions | undefined) =>
        handle(instance, handlerOptions, request, options),
    },
  };
}

/** Nothing in `wasi:http` 0.2 suspends the guest: waiting is done by pollables and streams. */
export const httpP2Blocking: readonly string[] = [];
