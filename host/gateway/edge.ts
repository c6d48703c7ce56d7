import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { SelvedgeError, type Clock } from '../base/index.ts';
import { startTrace, type Logger, type RandomBytes } from '../telemetry/index.ts';
import type { Deployments, LiveFunction } from '../traffic/index.ts';
import { NodeExchange, sendProblem } from './exchange.ts';
import { splitTarget } from './request-head.ts';
import { breakOff } from './response-body.ts';
import { expectsContinue } from './server.ts';

export interface EdgeOptions {
  readonly deployments: Deployments;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Tells Hono's adapter that the response went to the socket directly: trailers and repeated fields survive no `Response`. */
const ALREADY_SENT = new Response(null, { headers: { 'x-hono-already-sent': 'true' } });

/** The data plane: every request goes to the function that its path belongs to. */
export function createEdge(options: EdgeOptions): Hono<{ Bindings: HttpBindings }> {
  const edge = new Hono<{ Bindings: HttpBindings }>();
  edge.all('*', async (context) => {
    await serve(options, context.env.incoming, context.env.outgoing);
    return ALREADY_SENT;
  });
  return edge;
}

async function serve(
  options: EdgeOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { deployments, clock } = options;
  const started = clock.monotonic();
  const trace = startTrace(single(incoming.headers['traceparent']), options.random);
  const logger = options.logger.child({ trace_id: trace.traceId, span_id: trace.spanId });
  const target = splitTarget(incoming.url ?? '/');
  let live: LiveFunction | undefined;
  let failure: unknown;
  try {
    const match = deployments.match(incoming.method ?? 'GET', target.path);
    live = match.target;
    const { limits } = live.config;
    const exchange = new NodeExchange(incoming, outgoing, {
      authority: target.authority ?? incoming.headers.host,
      prefix: match.prefix,
      pathWithQuery: (target.path.slice(match.prefix.length) || '/') + target.query,
      maxHeaderBytes: limits.headers,
      maxHeaderCount: limits.headerCount,
      maxRequestBytes: limits.body,
      maxResponseBytes: limits.response,
      expectsContinue: expectsContinue(incoming),
    });
    await live.serve(exchange, { logger, onAbandoned: (gone) => exchange.onAbandoned(gone) });
  } catch (thrown) {
    failure = thrown;
    sendProblem(incoming, outgoing, thrown, trace.traceId);
  }
  finishInTime(outgoing, clock, live?.config.limits.timeout ?? REFUSAL_MS);
  logRequest(logger, incoming, outgoing, {
    path: target.path,
    function: live?.name,
    version: live?.version,
    duration_ms: Number((clock.monotonic() - started) / 1000n) / 1000,
    failure,
  });
}

/** How long a client may take for the answer to a request that no function takes. Milliseconds. */
const REFUSAL_MS = 10_000;

/** The guest is done; a client that does not take the rest of the response holds its socket no longer than a request may last. */
function finishInTime(outgoing: ServerResponse, clock: Clock, timeoutMs: number): void {
  if (outgoing.writableLength === 0 || outgoing.destroyed) return;
  const cancel = clock.after(timeoutMs, () => breakOff(outgoing));
  outgoing.once('close', cancel);
}

interface Outcome {
  readonly path: string;
  readonly function: string | undefined;
  readonly version: number | undefined;
  readonly duration_ms: number;
  readonly failure: unknown;
}

/** One line per request. The query is left out: it is where secrets travel. */
function logRequest(
  logger: Logger,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  outcome: Outcome,
): void {
  const { failure, ...rest } = outcome;
  const fields = { ...rest, method: incoming.method, status: outgoing.statusCode };
  if (failure === undefined) return logger.info(fields, 'request');
  if (failure instanceof SelvedgeError) {
    const { code, status, message } = failure;
    const level = status >= 500 ? 'warn' : 'info';
    // A response that had begun keeps its status on the wire; `code` says what became of it.
    return logger[level](
      {
        ...fields,
        code,
        status: outgoing.headersSent ? outgoing.statusCode : status,
        reason: message,
      },
      'request',
    );
  }
  logger.error({ ...fields, code: 'internal', err: failure }, 'request');
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
