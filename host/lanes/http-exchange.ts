import type { HeaderList, HttpBodySink, IncomingBodySource, IncomingRequestHead } from '../wasi/index.ts';

/** One HTTP request and the chance to answer it, free of any server's types. */
export interface HttpExchange {
  readonly request: IncomingRequestHead;
  readonly body: IncomingBodySource;
  /** Begins the response and gives where its body goes. Called at most once. */
  respond(status: number, headers: HeaderList): HttpBodySink;
}
