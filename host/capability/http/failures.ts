import { type ErrorCode, HttpFailure } from '../../wasi/http/index.ts';
import type { Reason } from '../network/index.ts';

/** Refused by policy. The guest learns that and nothing more; `reason` is for the operator's log. */
export class DeniedFailure extends HttpFailure {
  readonly reason: Reason;

  constructor(reason: Reason) {
    super({ tag: 'HTTP-request-denied' });
    this.reason = reason;
  }
}

/** What was being done when something failed: the same reset means different things. */
export type FailurePhase = 'resolving' | 'connecting' | 'securing' | 'exchanging' | 'receiving';

interface SystemError extends Error {
  readonly code?: string;
}

/**
 * What Node's resolver, sockets, TLS or HTTP parser threw, as the typed code of wasi:http that says most
 * about it. The message stays empty of addresses and paths, because the guest can read it.
 */
export function toHttpFailure(
  cause: unknown,
  phase: FailurePhase,
  headerLimit?: number,
): HttpFailure {
  if (cause instanceof HttpFailure) return cause;
  const code = codeOf(cause as SystemError, phase, headerLimit);
  return new HttpFailure(code, code.tag, cause);
}

function codeOf(
  cause: SystemError,
  phase: FailurePhase,
  headerLimit: number | undefined,
): ErrorCode {
  const name = cause.code ?? '';
  if (phase === 'resolving') return dnsCode(name);
  if (phase === 'securing') return tlsCode(cause, name);
  if (name === 'HPE_HEADER_OVERFLOW') {
    return {
      tag:
        phase === 'receiving'
          ? 'HTTP-response-trailer-section-size'
          : 'HTTP-response-header-section-size',
      val: headerLimit,
    };
  }
  if (name === 'HPE_INVALID_TRANSFER_ENCODING')
    return { tag: 'HTTP-response-transfer-coding', val: undefined };
  if (name.startsWith('HPE_') && name !== 'HPE_INVALID_EOF_STATE')
    return { tag: 'HTTP-protocol-error' };
  if (name === 'ERR_UNESCAPED_CHARACTERS') return { tag: 'HTTP-request-URI-invalid' };
  if (name.startsWith('ERR_HTTP_') || name.startsWith('ERR_INVALID_'))
    return { tag: 'HTTP-protocol-error' };
  switch (name) {
    case 'ECONNREFUSED':
      return { tag: 'connection-refused' };
    case 'ETIMEDOUT':
      return { tag: phase === 'connecting' ? 'connection-timeout' : 'connection-read-timeout' };
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
      return { tag: 'destination-unavailable' };
    case 'ENETUNREACH':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return { tag: 'destination-IP-unroutable' };
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
      return { tag: 'connection-limit-reached' };
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
    case 'HPE_INVALID_EOF_STATE':
      return { tag: phase === 'receiving' ? 'HTTP-response-incomplete' : 'connection-terminated' };
  }
  return phase === 'receiving'
    ? { tag: 'HTTP-response-incomplete' }
    : { tag: 'internal-error', val: undefined };
}

function dnsCode(name: string): ErrorCode {
  switch (name) {
    case 'ENOTFOUND':
      return { tag: 'DNS-error', val: { rcode: 'NXDOMAIN', infoCode: undefined } };
    case 'ENODATA':
      return { tag: 'DNS-error', val: { rcode: 'NODATA', infoCode: undefined } };
    case 'EAI_AGAIN':
    case 'ESERVFAIL':
      return { tag: 'DNS-error', val: { rcode: 'SERVFAIL', infoCode: undefined } };
    case 'ETIMEOUT':
    case 'ETIMEDOUT':
      return { tag: 'DNS-timeout' };
  }
  return { tag: 'DNS-error', val: { rcode: undefined, infoCode: undefined } };
}

/** OpenSSL's verification results (X509_V_ERR_*), by the names that Node gives them. */
const CERTIFICATE =
  /^(?:CERT_|ERR_TLS_CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CRL_|INVALID_(?:CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH_|ERROR_IN_CERT_)/;
/** `ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION` with the alert's number in the text. */
const ALERT = /^ERR_SSL_(?:SSL(?:V3)?|TLSV1(?:3)?)_ALERT_(\w+)$/;

function tlsCode(cause: SystemError, name: string): ErrorCode {
  if (CERTIFICATE.test(name)) return { tag: 'TLS-certificate-error' };
  const alert = ALERT.exec(name);
  if (alert !== null) {
    const number = /alert number (\d{1,3})/.exec(cause.message)?.[1];
    const alertMessage = (alert[1] ?? '').toLowerCase().replaceAll('_', ' ');
    return {
      tag: 'TLS-alert-received',
      val: { alertId: number === undefined ? undefined : Number(number), alertMessage },
    };
  }
  return { tag: 'TLS-protocol-error' };
}
