/** Where the binder finds a function of WIT on a host object. */
export type HostName =
  | { readonly kind: 'function'; readonly member: string }
  | { readonly kind: 'constructor'; readonly resource: string }
  | { readonly kind: 'method' | 'static'; readonly resource: string; readonly member: string };

/** `[method]output-stream.check-write` → method `checkWrite` of class `OutputStream`, as jco has it. */
export function hostName(wit: string): HostName {
  const match = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(wit);
  if (match === null) return { kind: 'function', member: camel(wit) };
  const [, kind, resource = '', member = ''] = match;
  if (kind === 'constructor') return { kind, resource: pascal(resource) };
  return { kind: kind as 'method' | 'static', resource: pascal(resource), member: camel(member) };
}

function camel(label: string): string {
  return label.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function pascal(label: string): string {
  return camel(`-${label}`);
}
