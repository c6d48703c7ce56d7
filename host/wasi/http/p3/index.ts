import type { WasiInstance } from '../../instance.ts';
import type { GuestFuture, GuestStream } from '../../io/p3.ts';
import { bindConstructor } from '../../resource.ts';
import { Fields } from '../fields.ts';
import type { HeaderList } from '../header-list.ts';
import type { Outcome } from '../incoming-body.ts';
import type { GuestTrailers } from './outgoing-contents.ts';
import { Request } from './request.ts';
import { RequestOptions } from './request-options.ts';
import { Response } from './response.ts';

export { Request as RequestP3 } from './request.ts';
export { Response as ResponseP3, type ResponseParts } from './response.ts';

/** `wasi:http/types` 0.3 for one instance. */
export function httpP3(instance: WasiInstance) {
  const oversize = 'error';
  const BoundFields = function () {
    return new Fields(instance, { list: [], immutable: false, oversize });
  };
  BoundFields.prototype = Fields.prototype;
  return {
    'wasi:http/types@0.3': {
      Fields: Object.assign(BoundFields, {
        fromList: (entries: HeaderList) => Fields.create(instance, entries, oversize),
      }),
      Request: Object.assign(bindConstructor(Request, instance), {
        new: (
          headers: Fields,
          contents: GuestStream | undefined,
          trailers: GuestTrailers,
          options: RequestOptions | undefined,
        ) => Request.create(instance, headers, contents, trailers, options),
        consumeBody: (request: Request, outcome: GuestFuture<Outcome<undefined>>) =>
          Request.consumeBody(request, outcome),
      }),
      RequestOptions: bindConstructor(RequestOptions, instance),
      Response: Object.assign(bindConstructor(Response, instance), {
        new: (headers: Fields, contents: GuestStream | undefined, trailers: GuestTrailers) =>
          Response.create(instance, headers, contents, trailers),
        consumeBody: (response: Response, outcome: GuestFuture<Outcome<undefined>>) =>
          Response.consumeBody(response, outcome),
      }),
    },
  };
}
