/** `wasi:http/types.method` in the binder's shape. */
export type Method =
  | { readonly tag: KnownMethod }
  | { readonly tag: 'other'; readonly val: string };

type KnownMethod =
  | 'get'
  | 'head'
  | 'post'
  | 'put'
  | 'delete'
  | 'connect'
  | 'options'
  | 'trace'
  | 'patch';

const KNOWN = new Map<string, KnownMethod>([
  ['GET', 'get'],
  ['HEAD', 'head'],
  ['POST', 'post'],
  ['PUT', 'put'],
  ['DELETE', 'delete'],
  ['CONNECT', 'connect'],
  ['OPTIONS', 'options'],
  ['TRACE', 'trace'],
  ['PATCH', 'patch'],
]);

/** Methods are case-sensitive (RFC 9110 §9.1): `get` is not GET, but `other("get")`. */
export function methodOf(token: string): Method {
  const tag = KNOWN.get(token);
  return tag === undefined ? { tag: 'other', val: token } : { tag };
}

export function tokenOf(method: Method): string {
  return method.tag === 'other' ? method.val : method.tag.toUpperCase();
}

/** `wasi:http/types.scheme` in the binder's shape. */
export type Scheme =
  | { readonly tag: 'HTTP' }
  | { readonly tag: 'HTTPS' }
  | { readonly tag: 'other'; readonly val: string };

export function schemeOf(text: string): Scheme {
  const lower = text.toLowerCase();
  if (lower === 'http') return { tag: 'HTTP' };
  if (lower === 'https') return { tag: 'HTTPS' };
  return { tag: 'other', val: text };
}
