import {
  isBytes,
  membersFromJson,
  parseJson,
  ValueError,
  type Handles,
  type TypeNames,
} from '../../component/index.ts';
import type { HeaderList } from '../../wasi/index.ts';
import { MAX_JSON_BYTES, MAX_RAW_BYTES } from './body.ts';
import type { Callable } from './callables.ts';
import { notJson, wrongArgument, wrongMediaType } from './refusals.ts';

const RAW = 'application/octet-stream';

/** What a body says, before handles in it are looked up. */
export type Given = { readonly bytes: Uint8Array } | { readonly json: unknown };

/** Reads a body as the arguments of a call. Throws `LaneError` (400, 415). */
export function givenArguments(callable: Callable, headers: HeaderList, body: Uint8Array): Given {
  const type = mediaType(headers);
  const raw = takesBytes(callable);
  if (raw && type === RAW) return { bytes: body };
  if (body.length === 0 && callable.params.length === 0) return { json: {} };
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(type)) throw wrongMediaType(type, callable, raw);
  try {
    return { json: parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body)) };
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw notJson(thrown.message);
    if (thrown instanceof TypeError) throw notJson('it is not UTF-8');
    throw thrown;
  }
}

/** Most bytes of the body. */
export function argumentLimit(callable: Callable, headers: HeaderList): number {
  return takesBytes(callable) && mediaType(headers) === RAW ? MAX_RAW_BYTES : MAX_JSON_BYTES;
}

function takesBytes({ params: [only, ...others] }: Callable): boolean {
  return only !== undefined && others.length === 0 && isBytes(only.type);
}

function mediaType(headers: HeaderList): string {
  const [type = ''] = (headerValue(headers, 'content-type') ?? '').split(';', 1);
  return type.trim().toLowerCase();
}

/** The arguments as the binders take them. Throws `LaneError` `argument-invalid` (400). */
export function bindArguments(
  callable: Callable,
  given: Given,
  names: TypeNames,
  handles: Handles,
): unknown[] {
  if ('bytes' in given) return [given.bytes];
  try {
    const expected =
      callable.params.length === 0 ? 'an empty object' : 'an object with the arguments';
    return membersFromJson(callable.params, given.json, { names, handles }, '$', expected);
  } catch (thrown) {
    throw thrown instanceof ValueError ? wrongArgument(thrown) : thrown;
  }
}

/** A header's value, `undefined` where it is absent; repeated fields are joined (RFC 9110 section 5.3). */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  const values = headers
    .filter(([each]) => each.toLowerCase() === name)
    .map(([, value]) => Buffer.from(value).toString('latin1'));
  return values.length === 0 ? undefined : values.join(', ');
}

/** Every text in a JSON value, for finding handles before types are looked at. */
export function* textsOf(json: unknown): Generator<string> {
  const waiting: unknown[] = [json];
  for (let next = waiting.pop(); next !== undefined || waiting.length > 0; next = waiting.pop()) {
    if (typeof next === 'string') yield next;
    else if (typeof next === 'object' && next !== null)
      for (const each of Object.values(next)) waiting.push(each);
  }
}
