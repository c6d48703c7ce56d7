import { trap, WasiError } from '../errors.ts';
import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';
import { BodyPipe, type OutgoingBodyHandle } from './body-pipe.ts';
import { type ErrorCode, HttpFailure } from './error-code.ts';
import { Fields } from './fields.ts';
import { contentLength, type HeaderList } from './header-list.ts';
import { OutgoingBody } from './outgoing-body.ts';
import { ParentResource } from './parent.ts';

/** A guest's response as the host sends it. */
export interface ResponseStart {
  /** A final status: 200 to 599. */
  readonly status: number;
  /** Valid fields, none of them forbidden, at most one `content-length`. */
  readonly headers: HeaderList;
  /** `undefined` when the guest never asked for the body: it is empty, whatever `content-length` declares (as for HEAD and 304). */
  readonly body: OutgoingBodyHandle | undefined;
}

/** Whoever waits for a guest's response. Exactly one of `respond` and `dropped` is called, once, unless the instance ends first: then it is `dropped`. */
export interface ResponseReceiver {
  respond(response: ResponseStart | { readonly error: ErrorCode }): void;
  /** The guest gave its `response-outparam` up without an answer. */
  dropped(): void;
  /** Sends a 1xx response (100, 102 to 199); left out by receivers that cannot. */
  informational?(status: number, headers: HeaderList): void;
}

/** `wasi:http/types.outgoing-response`. */
export class OutgoingResponse extends ParentResource {
  protected readonly kind = 'an outgoing-response';
  readonly #headers: HeaderList;
  #status = 200;
  #pipe: BodyPipe | undefined;
  #sent = false;

  constructor(instance: WasiInstance, headers: Fields) {
    super(instance);
    this.#headers = headers.take();
  }

  statusCode(): number {
    return this.#status;
  }

  /** Fails outside of 100 to 599 (RFC 9110 §15). A 1xx status can be set, but `response-outparam.set` refuses it. */
  setStatusCode(status: number): void {
    if (status < 100 || status > 599) throw new WasiError(undefined);
    this.#status = status;
  }

  headers(): Fields {
    const released = this.addChild();
    return new Fields(this.instance, { list: this.#headers, immutable: true, released });
  }

  /** Fails the second time, and when `content-length` is not one number. */
  body(): OutgoingBody {
    const declared = contentLength(this.#headers);
    if (this.#pipe !== undefined || declared === 'invalid') throw new WasiError(undefined);
    const pipe = new BodyPipe('response', declared);
    const body = new OutgoingBody(this.instance, pipe);
    this.#pipe = pipe;
    return body;
  }

  /** Takes the response from the guest: what to send, or why it cannot be. */
  send(): ResponseStart | { readonly error: ErrorCode } {
    this.refuseOrphans('response-outparam.set was called with an outgoing-response');
    const status = this.#status;
    const refusal = status < 200 ? 'a final response needs a final status' : undefined;
    const problem =
      refusal ??
      (contentLength(this.#headers) === 'invalid' ? 'content-length is not one number' : undefined);
    this.#sent = problem === undefined;
    this[Symbol.dispose]();
    if (problem !== undefined) return { error: { tag: 'internal-error', val: problem } };
    return { status, headers: this.#headers, body: this.#pipe };
  }

  protected override onDispose(): void {
    if (!this.#sent) this.#pipe?.discard();
  }
}

/** `wasi:http/types.response-outparam`. */
export class ResponseOutparam extends HostResource {
  readonly #receiver: ResponseReceiver;
  #set = false;

  constructor(instance: WasiInstance, receiver: ResponseReceiver) {
    super(instance);
    this.#receiver = receiver;
  }

  static set(
    param: ResponseOutparam,
    response:
      | { readonly tag: 'ok'; readonly val: OutgoingResponse }
      | { readonly tag: 'err'; readonly val: ErrorCode },
  ): void {
    param.instance.check();
    if (param.#set || param.disposed) throw trap('response-outparam.set was called twice');
    const answer = response.tag === 'ok' ? response.val.send() : { error: response.val };
    param.#set = true;
    param[Symbol.dispose]();
    param.#receiver.respond(answer);
  }

  /** Fails with `HTTP-protocol-error` outside of 100 to 199 and for 101, which would change the protocol; with `internal-error` where the receiver cannot. */
  sendInformational(status: number, headers: Fields): void {
    this.instance.check();
    const list = headers.take();
    if (status < 100 || status > 199 || status === 101)
      throw httpError({ tag: 'HTTP-protocol-error' });
    if (this.#receiver.informational === undefined) {
      throw httpError({ tag: 'internal-error', val: 'informational responses are not supported' });
    }
    this.#receiver.informational(status, list);
  }

  protected override onDispose(): void {
    if (!this.#set) this.#receiver.dropped();
  }
}

function httpError(code: ErrorCode): WasiError<ErrorCode> {
  return new WasiError(code, new HttpFailure(code));
}
