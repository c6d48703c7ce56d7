import { WasiError } from '../../errors.ts';
import type { WasiInstance } from '../../instance.ts';
import type { GuestFuture, GuestStream } from '../../io/p3.ts';
import { HostResource } from '../../resource.ts';
import { Fields } from '../fields.ts';
import { type HeaderList, withoutForbidden } from '../header-list.ts';
import type { IncomingBodySource, Outcome } from '../incoming-body.ts';
import type { IncomingRequestHead } from '../incoming-request.ts';
import { type Method, methodOf, type Scheme, schemeOf } from '../method.ts';
import { isPathWithQuery, isScheme, isToken, parseAuthority } from '../syntax.ts';
import { type ConsumedBody, IncomingContents } from './incoming-body.ts';
import { type GuestTrailers, OutgoingContents } from './outgoing-contents.ts';
import { RequestOptions, type Timeouts } from './request-options.ts';
import { ignore } from './response.ts';

export interface Target {
  method: Method;
  scheme: Scheme | undefined;
  authority: string | undefined;
  pathWithQuery: string | undefined;
}

/** `wasi:http/types.request` 0.3: come in from a client, or made by a guest. */
export class Request extends HostResource {
  readonly #target: Target;
  readonly #headers: () => HeaderList;
  readonly #contents: OutgoingContents | IncomingBodySource;
  readonly #timeouts: Timeouts | undefined;
  #taken = false;
  #incoming: IncomingContents | undefined;

  constructor(
    instance: WasiInstance,
    target: Target,
    headers: () => HeaderList,
    contents: OutgoingContents | IncomingBodySource,
    timeouts?: Timeouts,
  ) {
    super(instance);
    this.#target = target;
    this.#headers = headers;
    this.#contents = contents;
    this.#timeouts = timeouts;
  }

  /** A request of a client. */
  static receive(
    instance: WasiInstance,
    head: IncomingRequestHead,
    body: IncomingBodySource,
  ): Request {
    const { method, scheme, authority, pathWithQuery } = head;
    const target = { method: methodOf(method), scheme: schemeOf(scheme), authority, pathWithQuery };
    let visible: HeaderList | undefined;
    return new Request(instance, target, () => (visible ??= withoutForbidden(head.headers)), body);
  }

  /** `request.new`: a request with method GET and nothing else, and whether it was sent. */
  static create(
    instance: WasiInstance,
    headers: Fields,
    contents: GuestStream | undefined,
    trailers: GuestTrailers,
    options: RequestOptions | undefined,
  ): [Request, Promise<Outcome<undefined>>] {
    const list = headers.take();
    const outgoing = new OutgoingContents(contents, trailers);
    const target: Target = {
      method: { tag: 'get' },
      scheme: undefined,
      authority: undefined,
      pathWithQuery: undefined,
    };
    return [new Request(instance, target, () => list, outgoing, options?.take()), outgoing.sent];
  }

  getMethod(): Method {
    return this.#target.method;
  }

  setMethod(method: Method): void {
    if (method.tag === 'other' && !isToken(method.val)) throw new WasiError(undefined);
    this.#change({ method });
  }

  getPathWithQuery(): string | undefined {
    return this.#target.pathWithQuery;
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    if (pathWithQuery !== undefined && !isPathWithQuery(pathWithQuery))
      throw new WasiError(undefined);
    this.#change({ pathWithQuery });
  }

  getScheme(): Scheme | undefined {
    return this.#target.scheme;
  }

  setScheme(scheme: Scheme | undefined): void {
    if (scheme?.tag === 'other' && !isScheme(scheme.val)) throw new WasiError(undefined);
    this.#change({ scheme });
  }

  getAuthority(): string | undefined {
    return this.#target.authority;
  }

  setAuthority(authority: string | undefined): void {
    if (authority !== undefined && parseAuthority(authority) === undefined)
      throw new WasiError(undefined);
    this.#change({ authority });
  }

  getOptions(): RequestOptions | undefined {
    const timeouts = this.#timeouts;
    return timeouts && new RequestOptions(this.instance, timeouts, true);
  }

  getHeaders(): Fields {
    return new Fields(this.instance, { list: this.#headers(), immutable: true, oversize: 'error' });
  }

  static consumeBody(request: Request, outcome: GuestFuture<Outcome<undefined>>): ConsumedBody {
    request.#taken = true;
    request[Symbol.dispose]();
    ignore(outcome);
    const contents = request.#contents;
    if (contents instanceof OutgoingContents) return contents.consume(request.instance);
    request.#incoming = new IncomingContents(request.instance, contents, 'request');
    return request.#incoming.consume();
  }

  /** The exchange that a client's request belongs to is over: the body is given back, whoever reads it. */
  release(): void {
    this[Symbol.dispose]();
    this.#incoming?.[Symbol.dispose]();
  }

  /** Only what a guest has made can be changed. */
  #change(part: Partial<Target>): void {
    if (!(this.#contents instanceof OutgoingContents)) throw new WasiError(undefined);
    Object.assign(this.#target, part);
  }

  protected override onDispose(): void {
    if (this.#taken) return;
    if (this.#contents instanceof OutgoingContents) this.#contents.discard();
    else this.#contents.close();
  }
}
