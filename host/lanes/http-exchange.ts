import type {
  HeaderList,
  HttpBodySink,
  IncomingBodySource,
  IncomingRequestHead,
} from '../wasi/index.ts';

/** One HTTP request and the chance to answer it, free of any server's types. */
export interface HttpExchange {
  readonly request: IncomingRequestHead;
  readonly body: IncomingBodySource;
  /** IP address of who sent the request, in text form; absent where it is not known. */
  readonly remoteAddress?: string | undefined;
  /** Begins the response and gives where its body goes. Called at most once. */
  respond(status: number, headers: HeaderList): HttpBodySink;
}
