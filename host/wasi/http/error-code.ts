import { IoError, StreamFailure } from '../io/index.ts';

export interface DnsErrorPayload {
  readonly rcode: string | undefined;
  readonly infoCode: number | undefined;
}

export interface TlsAlertPayload {
  readonly alertId: number | undefined;
  readonly alertMessage: string | undefined;
}

export interface FieldSizePayload {
  readonly fieldName: string | undefined;
  readonly fieldSize: number | undefined;
}

type Bare =
  | 'DNS-timeout'
  | 'destination-not-found'
  | 'destination-unavailable'
  | 'destination-IP-prohibited'
  | 'destination-IP-unroutable'
  | 'connection-refused'
  | 'connection-terminated'
  | 'connection-timeout'
  | 'connection-read-timeout'
  | 'connection-write-timeout'
  | 'connection-limit-reached'
  | 'TLS-protocol-error'
  | 'TLS-certificate-error'
  | 'HTTP-request-denied'
  | 'HTTP-request-length-required'
  | 'HTTP-request-method-invalid'
  | 'HTTP-request-URI-invalid'
  | 'HTTP-request-URI-too-long'
  | 'HTTP-response-incomplete'
  | 'HTTP-response-timeout'
  | 'HTTP-upgrade-failed'
  | 'HTTP-protocol-error'
  | 'loop-detected'
  | 'configuration-error';

interface Payloads {
  readonly 'DNS-error': DnsErrorPayload;
  readonly 'TLS-alert-received': TlsAlertPayload;
  readonly 'HTTP-request-body-size': bigint | undefined;
  readonly 'HTTP-request-header-section-size': number | undefined;
  readonly 'HTTP-request-header-size': FieldSizePayload | undefined;
  readonly 'HTTP-request-trailer-section-size': number | undefined;
  readonly 'HTTP-request-trailer-size': FieldSizePayload;
  readonly 'HTTP-response-header-section-size': number | undefined;
  readonly 'HTTP-response-header-size': FieldSizePayload;
  readonly 'HTTP-response-body-size': bigint | undefined;
  readonly 'HTTP-response-trailer-section-size': number | undefined;
  readonly 'HTTP-response-trailer-size': FieldSizePayload;
  readonly 'HTTP-response-transfer-coding': string | undefined;
  readonly 'HTTP-response-content-coding': string | undefined;
  readonly 'internal-error': string | undefined;
}

/** `wasi:http/types.error-code` in the binder's shape; the tags are spelled as in WIT. */
export type ErrorCode =
  | { [Tag in Bare]: { readonly tag: Tag } }[Bare]
  | { [Tag in keyof Payloads]: { readonly tag: Tag; readonly val: Payloads[Tag] } }[keyof Payloads];

/**
 * An HTTP exchange, or a body, failed with a typed code. What transports reject with and what body
 * sources and sinks throw. The message reaches the guest and so must name nothing of the host.
 */
export class HttpFailure extends StreamFailure {
  declare readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string = code.tag, cause?: unknown) {
    super('http', code, message, cause);
    this.name = 'HttpFailure';
  }
}

/** What a body source or sink threw, as an HTTP failure; whatever is no `StreamFailure` is a fault of the host and thrown on. */
export function asHttpFailure(thrown: unknown): HttpFailure {
  if (thrown instanceof HttpFailure) return thrown;
  if (thrown instanceof StreamFailure) {
    return new HttpFailure({ tag: 'internal-error', val: thrown.message }, thrown.message, thrown);
  }
  throw thrown;
}

/** `wasi:http/types.http-error-code`: the typed code behind a stream's error, where it is one of HTTP. */
export function httpErrorCode(error: IoError): ErrorCode | undefined {
  return error.failure instanceof HttpFailure ? error.failure.code : undefined;
}
