import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Clock } from '../base/index.ts';
import { parseFunctionConfig } from '../config/index.ts';
import { createRegistry, type Registry } from '../registry/index.ts';
import {
  createMemoryStore,
  type ArtifactStore,
  type JsonObject,
  type StagedArtifact,
} from '../store/index.ts';
import { silentLogger, type LogFields, type Logger } from '../telemetry/index.ts';
import type { TypedAnswer, TypedCall } from '../traffic/index.ts';
import { createAdmin, type AdminOptions } from './admin.ts';
import type { AdminDeployments, Serving } from './deployments.ts';

export const TOKEN = 'a-token-for-tests-0123456789';
export const WASM = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 1, 2, 3, 4]);

/** Time that goes on when the test says so. */
export class ManualClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Map<symbol, { readonly due: number; readonly wake: () => void }>();

  monotonic(): bigint {
    return BigInt(this.#now) * 1_000_000n;
  }

  wall(): bigint {
    return this.monotonic();
  }

  after(ms: number, wake: () => void): () => void {
    const key = Symbol('timer');
    this.#timers.set(key, { due: this.#now + ms, wake });
    return () => void this.#timers.delete(key);
  }

  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers]
        .filter(([, { due }]) => due <= end)
        .sort(([, a], [, b]) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.#now = next[1].due;
      next[1].wake();
    }
    this.#now = end;
  }
}

/** Keeps what was logged. */
export class LogBook implements Logger {
  readonly lines: { level: string; fields: LogFields; msg: string }[];
  readonly #context: LogFields;

  constructor(lines: LogBook['lines'] = [], context: LogFields = {}) {
    this.lines = lines;
    this.#context = context;
  }

  debug = (fields: LogFields, msg: string) => this.#add('debug', fields, msg);
  info = (fields: LogFields, msg: string) => this.#add('info', fields, msg);
  warn = (fields: LogFields, msg: string) => this.#add('warn', fields, msg);
  error = (fields: LogFields, msg: string) => this.#add('error', fields, msg);

  child(fields: LogFields): Logger {
    return new LogBook(this.lines, { ...this.#context, ...fields });
  }

  #add(level: string, fields: LogFields, msg: string): void {
    this.lines.push({ level, fields: { ...this.#context, ...fields }, msg });
  }
}

/** Deploys into a real registry, and runs nothing. */
export class FakeDeployments implements AdminDeployments {
  readonly serving = new Map<string, Serving>();
  /** Thrown by the next change. */
  refusal: Error | undefined;
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  document(name: string, server: string): object {
    return { openapi: '3.1.0', info: { title: name }, servers: [{ url: server }] };
  }

  async call(name: string, call: TypedCall): Promise<TypedAnswer> {
    if (this.refusal !== undefined) throw this.refusal;
    return { json: { name, call } };
  }

  async inspect(_name: string, staged: StagedArtifact, raw: JsonObject) {
    this.#check(raw);
    return {
      sha256: staged.sha256,
      size: staged.size,
      lane: 'http-0.2',
      binder: 'fake',
      warnings: ['a warning'],
    };
  }

  async deploy(
    name: string,
    staged: StagedArtifact,
    raw: JsonObject,
    options: { readonly activate: boolean },
  ) {
    this.#check(raw);
    const facts = {
      lane: 'http-0.2',
      binder: 'fake',
      config: raw,
      origin: 'upload',
      warnings: [],
    } as const;
    const result = await this.#registry.publish(name, staged, facts, options);
    if (result.active) this.serving.set(name, { inFlight: 0, runtime: { instances: 0 } });
    return result;
  }

  async activate(name: string, version: number) {
    this.#check({});
    return this.#registry.activate(name, version);
  }

  async rollback(name: string) {
    return this.#registry.rollback(name);
  }

  async remove(name: string) {
    await this.#registry.remove(name);
    this.serving.delete(name);
  }

  status(name: string) {
    return this.serving.get(name);
  }

  #check(raw: JsonObject): void {
    if (this.refusal !== undefined) throw this.refusal;
    parseFunctionConfig(raw, { baseDir: '/', origin: 'upload' });
  }
}

/** Counts what is staged and not ended, and how large the largest piece was that it was handed. */
export class CountingArtifacts {
  open = 0;
  begun = 0;
  largestChunk = 0;
  readonly store: ArtifactStore;

  constructor(inner: ArtifactStore, keep = true) {
    this.store = {
      ...inner,
      stage: async (source, options) => {
        this.begun += 1;
        this.open += 1;
        try {
          const staged = await inner.stage(this.#watch(source, keep), options);
          return { ...staged, commit: () => staged.commit(), discard: () => this.#end(staged) };
        } catch (thrown) {
          this.open -= 1;
          throw thrown;
        }
      },
    };
  }

  readonly #ended = new WeakSet<StagedArtifact>();

  async #end(staged: StagedArtifact): Promise<void> {
    if (!this.#ended.has(staged)) this.open -= 1;
    this.#ended.add(staged);
    await staged.discard();
  }

  async *#watch(source: AsyncIterable<Uint8Array>, keep: boolean): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      this.largestChunk = Math.max(this.largestChunk, chunk.length);
      yield keep ? chunk : chunk.subarray(0, 1);
    }
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
  readonly json: any;
}

export interface TestAdmin extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly registry: Registry;
  readonly deployments: FakeDeployments;
  readonly artifacts: CountingArtifacts;
  readonly clock: ManualClock;
  readonly log: LogBook;
  /** Sends bytes as they are and collects what comes back until the connection closes. */
  raw(...pieces: (string | Uint8Array)[]): Promise<string>;
  call(
    method: string,
    path: string,
    options?: { headers?: Record<string, string>; body?: RequestInit['body']; token?: string },
  ): Promise<Reply>;
}

/** The control plane on a port of this machine, over stores in memory. */
export async function startAdmin(
  options: Partial<AdminOptions> & { readonly keepBytes?: boolean; readonly host?: string } = {},
): Promise<TestAdmin> {
  const clock = new ManualClock();
  const log = new LogBook();
  const store = createMemoryStore();
  const artifacts = new CountingArtifacts(store.artifacts, options.keepBytes);
  const registry = await createRegistry({
    artifacts: artifacts.store,
    records: store.records,
    clock,
    logger: silentLogger,
  });
  const deployments = new FakeDeployments(registry);
  const app = createAdmin({
    deployments,
    registry,
    artifacts: artifacts.store,
    token: TOKEN,
    logger: log,
    clock,
    isReady: () => true,
    edgeUrl: () => 'http://127.0.0.1:8080',
    ...options,
  });
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  });
  const server = createServer({ maxHeaderSize: 2 ** 21, requestTimeout: 0 }, listener);
  // As the host's own server does: nobody is asked for a body that is not wanted.
  server.on('checkContinue', (incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, options.host ?? '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    server,
    registry,
    deployments,
    artifacts,
    clock,
    log,
    async call(method, path, { headers = {}, body, token = TOKEN } = {}) {
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(body === undefined ? {} : { body, duplex: 'half' }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        text,
        json: text === '' ? undefined : JSON.parse(text),
      };
    },
    raw(...pieces) {
      return new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        const socket = connect(port, '127.0.0.1', () => {
          for (const piece of pieces) socket.write(piece);
        });
        socket.on('data', (chunk: Buffer) => chunks.push(chunk));
        socket.on('error', (error: NodeJS.ErrnoException) =>
          error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
        );
        socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
      });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.close();
    },
  };
}

/** A form with a boundary of its own, byte by byte as it goes over the wire. */
export function form(
  parts: readonly {
    name: string;
    filename?: string;
    type?: string;
    body: string | Uint8Array;
    headers?: string;
  }[],
  boundary = 'b0undary',
): Buffer {
  const pieces: (string | Uint8Array)[] = [];
  for (const { name, filename, type, body, headers = '' } of parts) {
    pieces.push(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n`,
    );
    pieces.push(
      type === undefined ? '' : `content-type: ${type}\r\n`,
      headers,
      '\r\n',
      body,
      '\r\n',
    );
  }
  return Buffer.concat(
    [...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece as string)),
  );
}

export const FORM_TYPE = 'multipart/form-data; boundary=b0undary';
