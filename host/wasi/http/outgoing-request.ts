import { WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';
import { BodyPipe, type OutgoingBodyHandle } from './body-pipe.ts';
import { Fields } from './fields.ts';
import { contentLength, type HeaderList } from './header-list.ts';
import type { Method, Scheme } from './method.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { ParentResource } from './parent.ts';
import { isPathWithQuery, isScheme, isToken, parseAuthority } from './syntax.ts';

/** A request as the guest left it, for `outgoing-handler.handle` to judge. */
export interface OutgoingRequestParts {
  readonly method: Method;
  readonly scheme: Scheme | undefined;
  readonly authority: string | undefined;
  readonly pathWithQuery: string | undefined;
  readonly headers: HeaderList;
  readonly body: OutgoingBodyHandle | undefined;
}

/** `wasi:http/types.outgoing-request`. */
export class OutgoingRequest extends ParentResource {
  protected readonly kind = 'an outgoing-request';
  readonly #headers: HeaderList;
  #method: Method = { tag: 'get' };
  #scheme: Scheme | undefined;
  #authority: string | undefined;
  #pathWithQuery: string | undefined;
  #pipe: BodyPipe | undefined;
  #taken = false;

  constructor(instance: WasiInstance, headers: Fields) {
    super(instance);
    this.#headers = headers.take();
  }

  /** Fails the second time, and when `content-length` is not one number. */
  body(): OutgoingBody {
    const declared = contentLength(this.#headers);
    if (this.#pipe !== undefined || declared === 'invalid') throw new WasiError(undefined);
    const pipe = new BodyPipe('request', declared);
    const body = new OutgoingBody(this.instance, pipe);
    this.#pipe = pipe;
    return body;
  }

  method(): Method {
    return this.#method;
  }

  setMethod(method: Method): void {
    if (method.tag === 'other' && !isToken(method.val)) throw new WasiError(undefined);
    this.#method = method;
  }

  pathWithQuery(): string | undefined {
    return this.#pathWithQuery;
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    if (pathWithQuery !== undefined && !isPathWithQuery(pathWithQuery))
      throw new WasiError(undefined);
    this.#pathWithQuery = pathWithQuery;
  }

  scheme(): Scheme | undefined {
    return this.#scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    if (scheme?.tag === 'other' && !isScheme(scheme.val)) throw new WasiError(undefined);
    this.#scheme = scheme;
  }

  authority(): string | undefined {
    return this.#authority;
  }

  /** Takes what RFC 3986 calls an authority; whether a request may go there is for `handle` to say. */
  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && parseAuthority(authority) === undefined)
      throw new WasiError(undefined);
    this.#authority = authority;
  }

  headers(): Fields {
    const released = this.addChild();
    return new Fields(this.instance, { list: this.#headers, immutable: true, released });
  }

  /** Takes the request from the guest. Traps while a child of it lives. */
  take(): OutgoingRequestParts {
    this.refuseOrphans('outgoing-handler.handle was called with an outgoing-request');
    this.#taken = true;
    this[Symbol.dispose]();
    return {
      method: this.#method,
      scheme: this.#scheme,
      authority: this.#authority,
      pathWithQuery: this.#pathWithQuery,
      headers: this.#headers,
      body: this.#pipe,
    };
  }

  protected override onDispose(): void {
    if (!this.#taken) this.#pipe?.discard();
  }
}

/** Time limits of one outgoing request, in milliseconds, at least 1; `undefined` leaves it to the transport. */
export interface RequestTimeouts {
  readonly connect: number | undefined;
  readonly firstByte: number | undefined;
  readonly betweenBytes: number | undefined;
}

/** `wasi:http/types.request-options`: durations in nanoseconds. */
export class RequestOptions extends HostResource {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  connectTimeout(): bigint | undefined {
    return this.#connect;
  }

  setConnectTimeout(duration: bigint | undefined): void {
    this.#connect = duration;
  }

  firstByteTimeout(): bigint | undefined {
    return this.#firstByte;
  }

  setFirstByteTimeout(duration: bigint | undefined): void {
    this.#firstByte = duration;
  }

  betweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytes;
  }

  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.#betweenBytes = duration;
  }

  /** Takes the options from the guest. */
  take(): RequestTimeouts {
    this[Symbol.dispose]();
    return {
      connect: milliseconds(this.#connect),
      firstByte: milliseconds(this.#firstByte),
      betweenBytes: milliseconds(this.#betweenBytes),
    };
  }
}

/** Rounded up, so that nothing ends early; a timeout of nothing still is one. */
function milliseconds(nanoseconds: bigint | undefined): number | undefined {
  if (nanoseconds === undefined) return undefined;
  return Math.max(1, Number((nanoseconds + 999_999n) / 1_000_000n));
}
