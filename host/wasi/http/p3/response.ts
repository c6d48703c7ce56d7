import { WasiError } from '../../errors.ts';
import type { WasiInstance } from '../../instance.ts';
import type { GuestFuture, GuestStream } from '../../io/p3.ts';
import { HostResource } from '../../resource.ts';
import type { ErrorCode } from '../error-code.ts';
import { Fields } from '../fields.ts';
import { contentLength, type HeaderList } from '../header-list.ts';
import type { IncomingBodySource, Outcome } from '../incoming-body.ts';
import { type ConsumedBody, IncomingContents } from './incoming-body.ts';
import {
  type GuestTrailers,
  OutgoingContents,
  type OutgoingTransfer,
} from './outgoing-contents.ts';

/** A guest's response as the host sends it. */
export interface ResponseParts {
  /** 200 to 599. */
  readonly status: number;
  readonly headers: HeaderList;
  /** Undefined when the guest gave no contents. */
  readonly transfer: OutgoingTransfer | undefined;
}

/** `wasi:http/types.response` 0.3: made by a guest, or come in as the answer to a guest's request. */
export class Response extends HostResource {
  readonly #headers: HeaderList;
  readonly #contents: OutgoingContents | IncomingBodySource;
  #status: number;
  #taken = false;

  constructor(
    instance: WasiInstance,
    status: number,
    headers: HeaderList,
    contents: OutgoingContents | IncomingBodySource,
  ) {
    super(instance);
    this.#status = status;
    this.#headers = headers;
    this.#contents = contents;
  }

  /** `response.new`: the response with status 200, and whether it was sent. */
  static create(
    instance: WasiInstance,
    headers: Fields,
    contents: GuestStream | undefined,
    trailers: GuestTrailers,
  ): [Response, Promise<Outcome<undefined>>] {
    const outgoing = new OutgoingContents(contents, trailers);
    return [new Response(instance, 200, headers.take(), outgoing), outgoing.sent];
  }

  getStatusCode(): number {
    return this.#status;
  }

  /** Fails outside of 200 to 599 (RFC 9110 §15): 0.3 has no informational responses. */
  setStatusCode(status: number): void {
    if (status < 200 || status > 599 || !(this.#contents instanceof OutgoingContents))
      throw new WasiError(undefined);
    this.#status = status;
  }

  getHeaders(): Fields {
    return new Fields(this.instance, { list: this.#headers, immutable: true, oversize: 'error' });
  }

  static consumeBody(response: Response, outcome: GuestFuture<Outcome<undefined>>): ConsumedBody {
    const contents = response.#take();
    ignore(outcome);
    return contents instanceof OutgoingContents
      ? contents.consume(response.instance)
      : new IncomingContents(response.instance, contents, 'response').consume();
  }

  /** Takes the response from the guest, to be sent. Throws `WasiError` for a `content-length` that is not one number. */
  send(): ResponseParts {
    const contents = this.#take();
    // What came in from elsewhere would have to be consumed and made anew: no host object can be both.
    if (!(contents instanceof OutgoingContents)) {
      contents.close();
      throw refused('a response that came in cannot be sent on');
    }
    const declared = contentLength(this.#headers);
    if (declared === 'invalid') {
      contents.discard({ tag: 'HTTP-protocol-error' });
      throw refused('content-length is not one number');
    }
    const headers = this.#headers;
    if (contents.empty) {
      contents.settle({ tag: 'ok', val: undefined });
      return { status: this.#status, headers, transfer: undefined };
    }
    return {
      status: this.#status,
      headers,
      transfer: contents.send(this.instance, 'response', declared),
    };
  }

  #take(): OutgoingContents | IncomingBodySource {
    this.#taken = true;
    this[Symbol.dispose]();
    return this.#contents;
  }

  protected override onDispose(): void {
    if (this.#taken) return;
    if (this.#contents instanceof OutgoingContents) this.#contents.discard();
    else this.#contents.close();
  }
}

function refused(val: string): WasiError<ErrorCode> {
  return new WasiError<ErrorCode>({ tag: 'internal-error', val });
}

/** The guest says whether it could use the body. It waits until somebody has heard, and nobody needs to know. */
export function ignore(outcome: GuestFuture<unknown>): void {
  outcome.then(
    () => {},
    () => {},
  );
}
