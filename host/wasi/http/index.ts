/**
 * wasi:http: messages, bodies and the outgoing handler. Lanes make an `IncomingRequest` and a `ResponseOutparam`
 * and take the response from its receiver; a transport, handed in, sends what guests send.
 */
export type { HttpBodySink, OutgoingBodyHandle } from './body-pipe.ts';
export { type ErrorCode, HttpFailure } from './error-code.ts';
export { Fields } from './fields.ts';
export {
  contentLength,
  exceededHeaderLimit,
  type HeaderList,
  isForbidden,
  sectionSize,
  withoutForbidden,
} from './header-list.ts';
export type { IncomingBodySource } from './incoming-body.ts';
export { IncomingRequest, type IncomingRequestHead } from './incoming-request.ts';
export {
  ResponseOutparam,
  type ResponseReceiver,
  type ResponseStart,
} from './outgoing-response.ts';
export { isFieldValue, isToken } from './syntax.ts';
export type { RequestTimeouts } from './outgoing-request.ts';
export { httpP2, httpP2Blocking, type HttpOptions } from './p2.ts';
export { httpP3, RequestP3, ResponseP3, type ResponseParts } from './p3/index.ts';
export {
  type HttpTransport,
  type IncomingExchange,
  type OutgoingExchange,
  SubrequestBudget,
} from './transport.ts';
