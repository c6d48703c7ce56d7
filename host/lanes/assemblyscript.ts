/**
 * The lane `assemblyscript`: core modules that AssemblyScript's compiler made. `POST /FUNC` calls a function with the
 * JSON object of its arguments, `GET /openapi.json` describes all of them; where the module exports
 * `handle(request: Request): Response`, every request is that function's instead.
 */
import { quote } from '../base/index.ts';
import {
  hasRuntime,
  readAssemblyScript,
  scriptSignature,
  uncallable,
  type CoreModule,
  type ScriptFunction,
  type ScriptModule,
} from '../component/index.ts';
import { sendJson } from './assemblyscript/answer.ts';
import { headerValue, serveCall } from './assemblyscript/call.ts';
import { handlerOf, serveHandle } from './assemblyscript/handle.ts';
import { openApiOf } from './assemblyscript/openapi.ts';
import { LaneError } from './errors.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { Entry, Lane } from './lane.ts';

const DOCUMENT = 'openapi.json';
const SHOWN = 100;

export const assemblyscript: Lane = {
  name: 'assemblyscript',
  takesModule: "a core module of AssemblyScript's, built with asc --exportRuntime",
  matchModule(module) {
    const script = readAssemblyScript(module);
    const entry = script === undefined ? undefined : entryOf(module, script);
    return script === undefined || entry === undefined
      ? undefined
      : { entry, program: { module, script } };
  },
};

function entryOf(module: CoreModule, script: ScriptModule): Entry | undefined {
  const runtime = hasRuntime(module);
  const handler = handlerOf(script);
  if (handler !== undefined && runtime) {
    return {
      callable: ['HTTP requests'],
      serve: (own, exchange, scope) =>
        serveHandle(handler, script, { runtime: own, exchange, scope }),
    };
  }
  const callable = script.functions.filter(
    (each) => uncallable(each, script, runtime) === undefined,
  );
  if (callable.length === 0) return undefined;
  const functions = new Map(script.functions.map((each) => [each.name, each]));
  return {
    callable: callable.map((each) => scriptSignature(each)),
    async serve(own, exchange, scope) {
      const { method, headers } = exchange.request;
      const path = pathOf(exchange);
      if (path === DOCUMENT) {
        if (method !== 'GET' && method !== 'HEAD') throw wrongMethod(method, ['GET', 'HEAD']);
        const server = headerValue(headers, 'x-forwarded-prefix') ?? '/';
        return sendJson(exchange, openApiOf(callable, script, server), own);
      }
      const called = functions.get(path);
      if (called === undefined) throw unknownFunction(path, callable);
      const why = uncallable(called, script, runtime);
      if (why !== undefined) throw notCallable(called, why);
      if (method !== 'POST') throw wrongMethod(method, ['POST']);
      return serveCall(called, script, { runtime: own, exchange, scope });
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

function unknownFunction(path: string, callable: readonly ScriptFunction[]): LaneError {
  const known = callable.map((each) => each.name);
  return new LaneError({
    code: 'export-unknown',
    status: 404,
    message: `it exports no function ${quote(path, 80)}`,
    fix: `it has ${known.slice(0, 10).join(', ')}${known.length > 10 ? '…' : ''}; GET ${DOCUMENT} describes them`,
    details: { functions: known.slice(0, SHOWN) },
  });
}

function notCallable({ name }: ScriptFunction, why: string): LaneError {
  return new LaneError({
    code: 'export-not-callable',
    status: 422,
    message: `${name} ${why}`,
    fix: 'export a function over numbers, strings, arrays and classes of public fields, and build with --exportRuntime',
  });
}

function wrongMethod(method: string, allow: readonly string[]): LaneError {
  return new LaneError({
    code: 'method-not-allowed',
    status: 405,
    message: `${quote(method, 40)} is not taken here; ${allow.join(', ')} would be`,
    fix: 'call it with POST, its arguments as a JSON object in the body',
    details: { allow },
  });
}
