import { createHash } from 'node:crypto';
import { isBytes, toJson, typeText, type Handles, type ValType } from '../../component/index.ts';
import {
  busy,
  type FunctionRuntime,
  type Guest,
  type GuestSession,
  type RunScope,
} from '../../runtime/index.ts';
import type { HttpExchange } from '../http-exchange.ts';
import { jsonBody, resultBudget, send, type Fields } from './answers.ts';
import {
  argumentLimit,
  bindArguments,
  givenArguments,
  headerValue,
  textsOf,
  type Given,
} from './arguments.ts';
import { readBody } from './body.ts';
import type { Callable, CallableResource, Callables } from './callables.ts';
import { HandleTable, noHandles, sessionOf } from './handle-table.ts';
import { functionError, sessionUnknown, severalSessions } from './refusals.ts';

const SESSION_HEADER = 'selvedge-session';

type Outcome = {
  readonly tag: 'ok' | 'err';
  readonly type: ValType | undefined;
  readonly val: unknown;
};

/** The calls of one version of a function: what its sessions hold lives and ends with it. */
export class TypedCalls {
  readonly #runtime: FunctionRuntime;
  readonly #callables: Callables;
  #reading = 0;
  readonly #tables = new WeakMap<GuestSession, HandleTable>();

  constructor(runtime: FunctionRuntime, callables: Callables) {
    this.#runtime = runtime;
    this.#callables = callables;
  }

  /** Answers one call. The body is read first, within `limits.timeout` of its own. */
  async serve(callable: Callable, exchange: HttpExchange, scope: RunScope): Promise<void> {
    const { clock, limits } = this.#runtime;
    const { headers } = exchange.request;
    const maxBytes = argumentLimit(callable, headers);
    // What is read is held in memory, and no instance yet counts for it.
    if (this.#reading >= limits.concurrency) throw busy(limits.concurrency);
    this.#reading += 1;
    const { timeout } = limits;
    const body = await readBody(exchange.body, { scope, clock, timeout, maxBytes }).finally(() => {
      this.#reading -= 1;
    });
    const given = givenArguments(callable, headers, body);
    const { session, opened } = this.#sessionFor(callable, given, exchange);
    try {
      const outcome =
        session === undefined
          ? await this.#callFresh(callable, given, scope)
          : await this.#callWithin(session, callable, given, scope);
      const table = session === undefined ? undefined : this.#tables.get(session);
      const answer = this.#answerOf(
        callable,
        outcome,
        headerValue(headers, 'accept'),
        table ?? noHandles,
      );
      const kept = session !== undefined && this.#settle(session);
      const fields: Fields = [
        ...answer.fields,
        ...(kept ? [[SESSION_HEADER, session.id] as const] : []),
      ];
      if (outcome.tag === 'err')
        throw functionError(
          callable,
          answer.json,
          outcome.type === undefined ? '_' : typeText(outcome.type, this.#callables.names),
        );
      await send(exchange, answer.status, fields, answer.body, { clock, timeout: limits.timeout });
    } catch (thrown) {
      // A session that nobody was told of is nobody's.
      if (opened) session?.end();
      throw thrown;
    }
  }

  /** Drops a handle, which runs the resource's destructor; the last one ends its session. */
  async drop(
    { resource }: CallableResource,
    handle: string,
    exchange: HttpExchange,
    scope: RunScope,
  ): Promise<void> {
    const session = this.#runtime.sessions.find(sessionOf(handle) ?? '', ownerOf(exchange));
    const table = session === undefined ? undefined : this.#tables.get(session);
    if (session === undefined || table === undefined) throw sessionUnknown();
    const dropped = await session.run(scope, async () => {
      const value = table.take(resource, handle, true) as Disposable | undefined;
      value?.[Symbol.dispose]();
      return value !== undefined;
    });
    if (!dropped) throw sessionUnknown();
    this.#settle(session);
    const { clock, limits } = this.#runtime;
    await send(exchange, 204, [], undefined, { clock, timeout: limits.timeout });
  }

  /** The session that the call's handles name, or the header; a new one where the result will have handles. */
  #sessionFor(
    callable: Callable,
    given: Given,
    exchange: HttpExchange,
  ): { session: GuestSession | undefined; opened: boolean } {
    const owner = ownerOf(exchange);
    const named = headerValue(exchange.request.headers, SESSION_HEADER);
    const ids = new Set(named === undefined ? [] : [named]);
    if (callable.takesHandles && 'json' in given) {
      for (const text of textsOf(given.json)) {
        const id = sessionOf(text);
        if (id !== undefined) ids.add(id);
      }
    }
    if (ids.size > 1) throw severalSessions();
    const [id] = ids;
    if (id !== undefined) {
      const session = this.#runtime.sessions.find(id, owner);
      if (session === undefined) throw sessionUnknown();
      return { session, opened: false };
    }
    if (!callable.givesHandles) return { session: undefined, opened: false };
    // What is wrong with the arguments is said before an instance is kept for them.
    if (!callable.takesHandles) bindArguments(callable, given, this.#callables.names, noHandles);
    const session = this.#runtime.sessions.open(owner);
    this.#tables.set(session, new HandleTable(session, this.#runtime.limits.handles));
    return { session, opened: true };
  }

  async #callFresh(callable: Callable, given: Given, scope: RunScope): Promise<Outcome> {
    const args = bindArguments(callable, given, this.#callables.names, noHandles);
    return this.#runtime.run(scope, (guest) => outcomeOf(callable, guest, args));
  }

  /** A wrong argument is no failure of the guest's: it must not end the session, so it is thrown outside of the run. */
  async #callWithin(
    session: GuestSession,
    callable: Callable,
    given: Given,
    scope: RunScope,
  ): Promise<Outcome> {
    const table = this.#tables.get(session);
    if (table === undefined) throw sessionUnknown();
    const ran = await session.run(
      scope,
      async (guest): Promise<Outcome | { readonly refusal: unknown }> => {
        let args: unknown[];
        try {
          args = table.taking(() => bindArguments(callable, given, this.#callables.names, table));
        } catch (refusal) {
          return { refusal };
        }
        return outcomeOf(callable, guest, args);
      },
    );
    if ('refusal' in ran) throw ran.refusal;
    return ran;
  }

  /** Ends a session that holds nothing, or too much; whether it goes on. */
  #settle(session: GuestSession): boolean {
    const table = this.#tables.get(session);
    if (table === undefined || table.size === 0 || table.isOver) session.end();
    return !session.ended;
  }

  #answerOf(
    callable: Callable,
    { tag, type, val }: Outcome,
    accept: string | undefined,
    handles: Handles,
  ) {
    const spend = resultBudget(this.#runtime.limits.response);
    if (type === undefined) return { status: 204, fields: [], json: null, body: undefined };
    if (tag === 'ok' && isBytes(type) && /\bapplication\/octet-stream\b/i.test(accept ?? '')) {
      spend((val as Uint8Array).length);
      const fields: Fields = [
        ['content-type', 'application/octet-stream'],
        ['vary', 'accept'],
      ];
      return { status: 200, fields, json: null, body: val as Uint8Array };
    }
    const made = toJson(type, val, { handles, spend });
    const json = callable.kind === 'constructor' ? { handle: made } : made;
    const fields: Fields = [
      ['content-type', 'application/json'],
      ...(isBytes(type) ? [['vary', 'accept'] as const] : []),
    ];
    return { status: 200, fields, json, body: jsonBody(json) };
  }
}

/** The binders give an outermost `result` as a return or a throw; what they throw of their own, and traps, are `Error`s. */
async function outcomeOf(
  callable: Callable,
  guest: Guest,
  args: readonly unknown[],
): Promise<Outcome> {
  const { result } = callable;
  if (result?.kind !== 'result')
    return { tag: 'ok', type: result, val: await callable.call(guest, args) };
  try {
    const val = await callable.call(guest, args);
    return unthrown(val, result) ?? { tag: 'ok', type: result.ok, val };
  } catch (thrown) {
    if (thrown instanceof Error && !Object.hasOwn(thrown, 'payload')) throw thrown;
    const val =
      thrown instanceof Error ? (thrown as Error & { readonly payload: unknown }).payload : thrown;
    return { tag: 'err', type: result.err, val };
  }
}

/**
 * jco returns a `result` that an interface uses from another one as `{ tag, val }` instead (it does not look through
 * the alias). Where a value of the `ok` type could look the same, it is taken for one.
 */
function unthrown(value: unknown, { ok, err }: ValType & { kind: 'result' }): Outcome | undefined {
  const looksTagged =
    ok?.kind === 'result' ||
    (ok?.kind === 'record' && ok.fields.some((each) => each.name === 'tag')) ||
    (ok?.kind === 'variant' && ok.cases.some((each) => each.name === 'ok' || each.name === 'err'));
  if (looksTagged || typeof value !== 'object' || value === null || !Object.hasOwn(value, 'tag'))
    return undefined;
  const { tag, val } = value as { readonly tag: unknown; readonly val: unknown };
  if (tag === 'ok') return { tag, type: ok, val };
  return tag === 'err' ? { tag, type: err, val } : undefined;
}

/** Whose a session is: of whoever sends the same `authorization`, or of anybody who knows its name where none is sent. */
function ownerOf({ request }: HttpExchange): string {
  const given = headerValue(request.headers, 'authorization');
  return given === undefined ? '' : createHash('sha256').update(given).digest('hex');
}
