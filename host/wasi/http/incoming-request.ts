import { WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { Fields } from './fields.ts';
import { type HeaderList, withoutForbidden } from './header-list.ts';
import { IncomingBody, type IncomingBodySource } from './incoming-body.ts';
import { type Method, methodOf, type Scheme, schemeOf } from './method.ts';
import { ParentResource } from './parent.ts';

/** What is known of a request before its body. */
export interface IncomingRequestHead {
  /** Any token, in its own case. */
  readonly method: string;
  readonly scheme: string;
  /** Host and port of the target; `undefined` when the request named none. */
  readonly authority: string | undefined;
  readonly pathWithQuery: string;
  /** Read only when the guest asks for it, so a getter may make it then. Held to the limits by whoever received it. */
  readonly headers: HeaderList;
}

/** `wasi:http/types.incoming-request`. */
export class IncomingRequest extends ParentResource {
  protected readonly kind = 'an incoming-request';
  readonly #head: IncomingRequestHead;
  readonly #body: IncomingBodySource;
  #visible: HeaderList | undefined;
  #consumed = false;

  constructor(instance: WasiInstance, head: IncomingRequestHead, body: IncomingBodySource) {
    super(instance);
    this.#head = head;
    this.#body = body;
  }

  method(): Method {
    return methodOf(this.#head.method);
  }

  pathWithQuery(): string | undefined {
    return this.#head.pathWithQuery;
  }

  scheme(): Scheme | undefined {
    return schemeOf(this.#head.scheme);
  }

  authority(): string | undefined {
    return this.#head.authority;
  }

  headers(): Fields {
    const list = (this.#visible ??= withoutForbidden(this.#head.headers));
    const released = this.addChild();
    return new Fields(this.instance, { list, immutable: true, released });
  }

  consume(): IncomingBody {
    if (this.#consumed) throw new WasiError(undefined);
    const body = new IncomingBody(this.instance, this.#body, 'request');
    this.#consumed = true;
    return body;
  }

  protected override onDispose(): void {
    if (!this.#consumed) this.#body.close();
  }
}
