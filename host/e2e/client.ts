/** An HTTP client that shows a response as it was on the wire: order, repeated names, trailers, where it broke off. */
import { once } from 'node:events';
import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Sent {
  readonly method?: string;
  /** Name and value in turn, in the order in which they are sent. */
  readonly headers?: readonly string[];
  readonly body?: string | Uint8Array;
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  /** Name and value in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly rawTrailers: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
  /** Whether the connection had carried a request before. */
  readonly reused: boolean;
  /** The body, read as JSON. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what a test expects is said where it asks
  readonly json: <T = Record<string, unknown>>() => T;
}

/** Begins a request whose body the caller writes. */
export function begin(
  url: string,
  { method = 'POST', headers = [], agent }: Sent = {},
): ClientRequest {
  const { host } = new URL(url);
  const begun = request(url, {
    method,
    headers: ['host', host, ...headers],
    ...(agent === undefined ? { agent: false } : { agent }),
  });
  // Who waits for the response is told by it; a connection that is reset later is nobody's to catch.
  begun.on('error', () => {});
  return begun;
}

export async function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return response;
}

/** Rejects when the response breaks off. */
export async function wholeAnswer(sent: ClientRequest): Promise<Answer> {
  const response = await responseOf(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const text = body.toString();
  return {
    status: response.statusCode as number,
    rawHeaders: response.rawHeaders,
    rawTrailers: response.rawTrailers,
    headers: response.headers,
    body,
    text,
    reused: sent.reusedSocket,
    json: () => JSON.parse(text),
  };
}

/** A request and its whole response. */
export function send(url: string, sent: Sent = {}): Promise<Answer> {
  const { body } = sent;
  const length = body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))];
  const begun = begin(url, {
    method: 'GET',
    ...sent,
    headers: [...(sent.headers ?? []), ...length],
  });
  begun.end(body);
  return wholeAnswer(begun);
}

/** The values of a header or trailer, in order, of a list of names and values in turn. */
export function valuesOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name);
}

/** A connection on which a test writes and reads the bytes itself. */
export class Wire implements Disposable {
  readonly socket: Socket;
  received = '';
  #ended = false;
  readonly #changes = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.received += chunk;
      this.#changed();
    });
    // A reset is an end as well: what a test asks is what came before it.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#changed();
    });
  }

  static async open(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Wire(socket);
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until what was received, from the start, has `part`; rejects when the connection ends without. */
  until(part: string | RegExp): Promise<string> {
    const has = () =>
      typeof part === 'string' ? this.received.includes(part) : part.test(this.received);
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!has() && !this.#ended) return;
        this.#changes.delete(look);
        if (has()) resolve(this.received);
        else
          reject(
            new Error(
              `the connection ended before ${String(part)} came, after ${JSON.stringify(this.received.slice(-500))}`,
            ),
          );
      };
      this.#changes.add(look);
      look();
    });
  }

  /** Waits for the end of the connection, and gives all that was received. */
  ended(): Promise<string> {
    return new Promise((resolve) => {
      const look = () => {
        if (!this.#ended) return;
        this.#changes.delete(look);
        resolve(this.received);
      };
      this.#changes.add(look);
      look();
    });
  }

  #changed(): void {
    for (const look of this.#changes) look();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
