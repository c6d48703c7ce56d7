/** A server on loopback that guests send requests to. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface Upstream extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly server: Server;
  /** Resolves with the next request. */
  next(): Promise<IncomingMessage>;
  /** Requests so far. */
  readonly count: number;
}

export async function startUpstream(listener: RequestListener): Promise<Upstream> {
  let count = 0;
  const server = createServer((incoming, outgoing) => {
    count += 1;
    listener(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    server,
    get count() {
      return count;
    },
    next: async () => ((await once(server, 'request')) as [IncomingMessage])[0],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
