/** Support for the tests of this folder: a command line over fakes, and a fake admin API. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { runCli } from './index.ts';
import type { CliDependencies, ModuleExplanation, RunningHost, ServeOptions } from './index.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class TextSinkFake {
  readonly isTTY: boolean;
  #text = '';

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(chunk: string | Uint8Array): boolean {
    this.#text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    return true;
  }

  get text(): string {
    return this.#text;
  }
}

/** Dependencies in which everything that is not given fails loudly. */
export function fakeDependencies(given: Partial<CliDependencies> = {}) {
  const stdout = new TextSinkFake();
  const stderr = new TextSinkFake();
  const deps: CliDependencies = {
    version: '1.2.3',
    env: {},
    cwd: '/nowhere',
    stdout,
    stderr,
    signals: new EventEmitter(),
    exit: (code) => {
      throw new Error(`exit(${code}) was not expected`);
    },
    fetch,
    confirm: () => Promise.resolve(undefined),
    serve: () => Promise.reject(new Error('serve was not expected')),
    run: () => Promise.reject(new Error('run was not expected')),
    explainModule: () => Promise.reject(new Error('explainModule was not expected')),
    ...given,
  };
  return { deps, stdout, stderr };
}

/** Runs one command line to its end. */
export async function run(
  argv: readonly string[],
  given: Partial<CliDependencies> = {},
): Promise<Ran> {
  const { deps, stdout, stderr } = fakeDependencies(given);
  const code = await runCli(argv, deps);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** A host that runs until it is closed. */
export class HostFake implements RunningHost {
  readonly edge = 'http://127.0.0.1:40001';
  readonly admin = 'http://127.0.0.1:40002';
  readonly tokenFile = '/data/admin-token';
  readonly functions = [{ name: 'hello', lane: 'http', routes: ['POST /hi/*', '/fn/hello/*'] }];
  readonly #ended = Promise.withResolvers<void>();
  readonly closed = this.#ended.promise;
  closes = 0;

  close(): Promise<void> {
    this.closes += 1;
    this.#ended.resolve();
    return this.closed;
  }

  fail(error: Error): void {
    this.#ended.reject(error);
  }
}

/** A `serve` that remembers what it was asked for. */
export function serveFake(host: RunningHost = new HostFake()) {
  const asked: ServeOptions[] = [];
  const started = Promise.withResolvers<void>();
  const serve = async (options: ServeOptions): Promise<RunningHost> => {
    asked.push(options);
    started.resolve();
    return host;
  };
  return { serve, asked, started: started.promise };
}

export const explanation: ModuleExplanation = {
  lane: 'http',
  reason: 'it exports wasi:http/incoming-handler@0.2.6',
  callable: ['HTTP requests'],
  imports: [
    {
      name: 'wasi:cli/stdout@0.2.6',
      functions: ['get-stdout'],
      needs: 'always',
      line: undefined,
      covered: true,
    },
    {
      name: 'wasi:io/poll@0.2.6',
      functions: ['poll'],
      needs: 'grant',
      line: 'poll = true',
      covered: false,
    },
  ],
};

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** An HTTP server on a free loopback port, which keeps what it saw. */
export async function httpFake(answer: (seen: Seen, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
      };
      seen.push(one);
      answer(one, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
): void {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}
