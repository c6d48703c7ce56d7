/**
 * The lane `typed`: components whose exports are functions, each called with a JSON object of its arguments.
 *
 * `POST /FUNC`, `POST /INTERFACE/FUNC`; `POST /INTERFACE/RESOURCE` makes a resource, `…/RESOURCE/METHOD` calls it
 * with its handle as `self`, `DELETE …/RESOURCE/HANDLE` drops it; `GET /openapi.json` describes all that.
 */
import { jsonText, type Component } from '../../component/index.ts';
import type { FunctionRuntime } from '../../runtime/index.ts';
import type { HttpExchange } from '../http-exchange.ts';
import type { Entry, Lane, TypedEntry } from '../lane.ts';
import { jsonBody, send } from './answers.ts';
import { headerValue } from './arguments.ts';
import { TypedCalls } from './call.ts';
import { callablesOf, type Callables } from './callables.ts';
import { openApiOf } from './openapi.ts';
import { signature, unknownFunction, wrongMethod } from './refusals.ts';
import { answerWave, readCall } from './wave.ts';

const DOCUMENT = 'openapi.json';

export const typed: Lane = {
  name: 'typed',
  takes: 'a component that exports functions (not async ones)',
  match(component): Entry | undefined {
    // What WASI defines is called by lanes that know its meaning.
    if (
      component.exports.some(
        (each) => each.parsed.kind === 'interface' && each.parsed.namespace === 'wasi',
      )
    )
      return undefined;
    const callables = callablesOf(component);
    if (callables.list.length === 0) return undefined;
    const calls = new WeakMap<FunctionRuntime, TypedCalls>();
    return {
      callable: callables.list.map((each) => signature(each, callables)),
      typed: typedEntry(component, callables),
      async serve(runtime, exchange, scope) {
        const { method, headers } = exchange.request;
        const path = pathOf(exchange);
        let own = calls.get(runtime);
        if (own === undefined) calls.set(runtime, (own = new TypedCalls(runtime, callables)));
        if (path === DOCUMENT) {
          if (method !== 'GET' && method !== 'HEAD') throw wrongMethod(method, ['GET', 'HEAD']);
          const document = openApiOf(
            component,
            callables,
            headerValue(headers, 'x-forwarded-prefix') ?? '/',
          );
          const patience = { clock: runtime.clock, timeout: runtime.limits.timeout };
          return send(
            exchange,
            200,
            [['content-type', 'application/json']],
            jsonBody(document),
            patience,
          );
        }
        const callable = callables.functions.get(path);
        if (callable !== undefined) {
          if (method !== 'POST') throw wrongMethod(method, ['POST']);
          return own.serve(callable, exchange, scope);
        }
        const slash = path.lastIndexOf('/');
        const resource = callables.resources.get(path.slice(0, slash));
        if (slash > 0 && resource !== undefined && path.slice(slash).includes('.')) {
          if (method !== 'DELETE') throw wrongMethod(method, ['DELETE']);
          return own.drop(resource, path.slice(slash + 1), exchange, scope);
        }
        throw unknownFunction(path, callables);
      },
    };
  },
};

function typedEntry(component: Component, callables: Callables): TypedEntry {
  return {
    document: (server) => openApiOf(component, callables, server),
    readWave(text) {
      const { callable, args } = readCall(text, callables);
      return {
        path: callable.path,
        body: jsonText(args),
        answer: (status, body) => answerWave(callable, status, body),
      };
    },
  };
}

/** Without the leading slash and the query, percent-encoding undone; what cannot be undone is no function's name. */
function pathOf({ request }: HttpExchange): string {
  const path = request.pathWithQuery.replace(/\?.*$/s, '').replace(/^\//, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
