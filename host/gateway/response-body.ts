import type { ServerResponse } from 'node:http';
import { HttpFailure, type HeaderList, type HttpBodySink } from '../wasi/index.ts';
import { rawHeaders } from './headers.ts';

export interface ResponseBodyOptions {
  /** Most bytes; one more breaks the response off. */
  readonly maxBytes: number;
  /** The response has no body on the wire: HEAD, 204, 205, 304 (RFC 9110 sections 6.4.1 and 15.3.6). */
  readonly bodiless: boolean;
}

/** Where a response's body goes: the socket, as fast as the client takes it and no faster. */
export class ResponseBody implements HttpBodySink {
  readonly #outgoing: ServerResponse;
  readonly #options: ResponseBodyOptions;
  #sent = 0;

  constructor(outgoing: ServerResponse, options: ResponseBodyOptions) {
    this.#outgoing = outgoing;
    this.#options = options;
  }

  isReady(): boolean {
    return this.permit() !== 0;
  }

  subscribe(wake: () => void): () => void {
    const outgoing = this.#outgoing;
    outgoing.on('drain', wake);
    outgoing.on('close', wake);
    return () => {
      outgoing.off('drain', wake);
      outgoing.off('close', wake);
    };
  }

  permit(): number | undefined {
    const outgoing = this.#outgoing;
    if (outgoing.destroyed || outgoing.writableEnded) return undefined;
    if (this.#options.bodiless) return outgoing.writableHighWaterMark;
    return outgoing.writableNeedDrain
      ? 0
      : Math.max(outgoing.writableHighWaterMark - outgoing.writableLength, 1);
  }

  /** Throws `HTTP-response-body-size` beyond the function's limit. */
  write(bytes: Uint8Array): void {
    this.#sent += bytes.length;
    if (this.#sent > this.#options.maxBytes) {
      throw new HttpFailure(
        { tag: 'HTTP-response-body-size', val: BigInt(this.#sent) },
        `the response is larger than the ${this.#options.maxBytes} bytes of limits.response`,
      );
    }
    if (!this.#options.bodiless && bytes.length > 0) this.#outgoing.write(bytes);
  }

  /** Node hands on what it is given as the client takes it; there is nothing to hurry. */
  flush(): void {}

  finish(trailers: HeaderList | undefined): void {
    // Without chunks there is no place for trailers (RFC 9112 section 7.1.2); a recipient may ignore them anyway.
    if (trailers !== undefined && this.#outgoing.chunkedEncoding)
      this.#outgoing.addTrailers(pairs(trailers));
    this.#outgoing.end();
  }

  /** Without the last chunk or the promised length, the client sees that the response broke off. */
  abort(): void {
    breakOff(this.#outgoing);
  }
}

/**
 * Ends a response that has begun so that its client can tell that it is not whole. In HTTP/1.0 a close is how a body
 * ends well: there only a reset tells (RFC 9112 section 8).
 */
export function breakOff(outgoing: ServerResponse): void {
  if (outgoing.req.httpVersion === '1.0') outgoing.socket?.resetAndDestroy();
  outgoing.destroy();
}

function pairs(list: HeaderList): [string, string][] {
  const raw = rawHeaders(list);
  return list.map((_field, index) => [raw[index * 2] as string, raw[index * 2 + 1] as string]);
}
