import type { HeaderList, HttpBodySink, IncomingBodySource } from '../wasi/index.ts';
import type { HttpExchange } from './http-exchange.ts';

export interface MemoryRequest {
  readonly method: string;
  /** Path and query below the function. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface MemoryAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An exchange whose request and answer are in memory: for calls that come from the host itself. */
export class MemoryExchange implements HttpExchange {
  readonly request: HttpExchange['request'];
  readonly body: IncomingBodySource;
  #status = 0;
  #headers: HeaderList = [];
  readonly #chunks: Uint8Array[] = [];

  constructor({ method, path, headers, body }: MemoryRequest) {
    const list: HeaderList = Object.entries(headers).map(([name, value]) => [
      name,
      Buffer.from(value, 'latin1'),
    ]);
    this.request = {
      method,
      scheme: 'http',
      authority: undefined,
      pathWithQuery: path,
      headers: list,
    };
    this.body = wholeBody(body);
  }

  respond(status: number, headers: HeaderList): HttpBodySink {
    this.#status = status;
    this.#headers = headers;
    return {
      isReady: () => true,
      subscribe: () => () => {},
      permit: () => 2 ** 20,
      write: (bytes) => void this.#chunks.push(bytes),
      flush() {},
      finish() {},
      abort() {},
    };
  }

  /** What was answered, once the lane is done. */
  answer(): MemoryAnswer {
    const headers = Object.fromEntries(
      this.#headers.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
    );
    return { status: this.#status, headers, body: Buffer.concat(this.#chunks) };
  }
}

function wholeBody(bytes: Uint8Array): IncomingBodySource {
  let at = 0;
  return {
    isReady: () => true,
    subscribe: () => () => {},
    read(max) {
      if (at >= bytes.length) return undefined;
      const part = bytes.subarray(at, at + max);
      at += part.length;
      return part;
    },
    close() {},
    trailers: () => undefined,
  };
}
