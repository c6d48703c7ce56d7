/** What the tests of outgoing HTTP share: servers on the loopback, and hand-made ends of an exchange. */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { defaultLimits, type HttpGrant, type Limits } from '../../config/index.ts';
import type {
  ErrorCode,
  HeaderList,
  HttpBodySink,
  IncomingBodySource,
  IncomingExchange,
  OutgoingBodyHandle,
  OutgoingExchange,
} from '../../wasi/http/index.ts';
import type { CapabilityEnvironment } from '../capability.ts';
import { environment } from '../testing.ts';
import type { Reason } from '../network/index.ts';
import { OutgoingTransport, type TransportOptions } from './transport.ts';

export function fields(...list: [string, string][]): HeaderList {
  return list.map(([name, value]) => [name, Buffer.from(value, 'latin1')]);
}

export function pairs(list: HeaderList | undefined): [string, string][] | undefined {
  return list?.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
}

/** A request body that the test writes by hand. */
export class TestBody implements OutgoingBodyHandle {
  contentLength: bigint | undefined;
  readonly finished = false;
  sink: HttpBodySink | undefined;
  discarded = false;
  readonly #attached: (sink: HttpBodySink) => void;

  constructor(attached: (sink: HttpBodySink) => void = () => {}) {
    this.#attached = attached;
  }

  attach(sink: HttpBodySink): void {
    this.sink = sink;
    this.#attached(sink);
  }

  discard(): void {
    this.discarded = true;
  }
}

export function request(port: number, more: Partial<OutgoingExchange> = {}): OutgoingExchange {
  return {
    method: 'GET',
    scheme: 'http',
    authority: `127.0.0.1:${port}`,
    pathWithQuery: '/',
    headers: [],
    body: undefined,
    timeouts: { connect: undefined, firstByte: undefined, betweenBytes: undefined },
    ...more,
  };
}

export interface Bench {
  readonly transport: OutgoingTransport;
  readonly denials: Reason[];
  readonly send: (exchange: OutgoingExchange, signal?: AbortSignal) => Promise<IncomingExchange>;
}

export function bench(
  grants: readonly HttpGrant[],
  options: TransportOptions & {
    environment?: Partial<CapabilityEnvironment>;
    limits?: Partial<Limits>;
  } = {},
): Bench {
  const transport = new OutgoingTransport(
    grants,
    { ...defaultLimits(), ...options.limits },
    { ...environment, ...options.environment },
    options,
  );
  const denials: Reason[] = [];
  const sender = transport.forInstance((reason) => void denials.push(reason));
  return {
    transport,
    denials,
    send: (exchange, signal = new AbortController().signal) => sender.send(exchange, signal),
  };
}

/** Waits until the source, or sink, is ready. */
export function ready(what: {
  isReady(): boolean;
  subscribe(wake: () => void): () => void;
}): Promise<void> {
  return new Promise((resolve) => {
    let stop = () => {};
    const look = () => {
      if (!what.isReady()) return;
      stop();
      resolve();
    };
    stop = what.subscribe(look);
    look();
  });
}

export async function readAll(source: IncomingBodySource): Promise<string> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const bytes = source.read(65_536);
    if (bytes === undefined) return Buffer.concat(parts).toString('latin1');
    parts.push(bytes);
    if (bytes.length === 0) await ready(source);
  }
}

/** The typed code with which the promise rejects. */
export async function failure(work: Promise<unknown>): Promise<ErrorCode> {
  try {
    await work;
  } catch (thrown) {
    const code = (thrown as { code?: unknown }).code;
    if (typeof code === 'object' && code !== null) return code as ErrorCode;
    throw thrown;
  }
  throw new Error('it did not fail');
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Connections taken so far, and those open now. */
  readonly accepted: () => number;
  readonly open: Set<net.Socket>;
}

/** A server that does with each connection as it is told. */
export async function rawServer(onConnection: (socket: net.Socket) => void): Promise<TestServer> {
  return listen(net.createServer(onConnection));
}

/** A raw server that sends `response` as soon as the head of a request has come, and then does `then`. */
export function scripted(
  response: string,
  then: (socket: net.Socket) => void = () => {},
): Promise<TestServer> {
  return rawServer((socket) => {
    socket.once('data', () => {
      socket.write(response, 'latin1');
      then(socket);
    });
  });
}

export async function httpServer(handler: http.RequestListener): Promise<TestServer> {
  return listen(http.createServer({ keepAliveTimeout: 60_000 }, handler));
}

async function listen(server: net.Server): Promise<TestServer> {
  const open = new Set<net.Socket>();
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    accepted: () => accepted,
    open,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Resolves when the condition holds; the test's own time limit says when it never does. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
