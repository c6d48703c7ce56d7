import { ComponentError, quote } from './errors.ts';
import { tryParseVersion } from './semver.ts';

/**
 * The name of an import or export of a component (Explainer.md, "Import and Export Definitions").
 * `async` is true for the `[async …]` annotations of toolchains older than WASI 0.3.0.
 */
export type ExternName =
  | { readonly kind: 'plain'; readonly name: string; readonly async: boolean }
  | { readonly kind: 'constructor'; readonly resource: string }
  | {
      readonly kind: 'method';
      readonly resource: string;
      readonly name: string;
      readonly async: boolean;
    }
  | {
      readonly kind: 'static';
      readonly resource: string;
      readonly name: string;
      readonly async: boolean;
    }
  | InterfaceName
  | { readonly kind: 'unlocked-dep'; readonly query: string }
  | {
      readonly kind: 'locked-dep';
      readonly package: string;
      readonly integrity: string | undefined;
    }
  | { readonly kind: 'url'; readonly url: string; readonly integrity: string | undefined }
  | { readonly kind: 'integrity'; readonly integrity: string };

/** `wasi:http/types@0.2.6`: namespace `wasi`, package `http`, interface `types`. */
export interface InterfaceName {
  readonly kind: 'interface';
  readonly namespace: string;
  readonly package: string;
  readonly interface: string;
  readonly version: string | undefined;
}

const LABEL = /^(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?:[a-z0-9]+|[A-Z0-9]+))*$/;
const LOWER_LABEL = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const INTEGRITY = /^sha(?:256|384|512)-[0-9A-Za-z+/]+={0,2}(?:\?\S*)?$/;

/** Whether the text is a label of Explainer.md: words joined by `-`, each all lower or all upper case. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

/** What the name says. Throws `ComponentError` `invalid-name` where it is outside the grammar. */
export function parseExternName(name: string): ExternName {
  const parsed = tryParseExternName(name);
  if (parsed === undefined) {
    throw new ComponentError({
      code: 'invalid-name',
      message: `${quote(name)} is not the name of an import or export`,
      fix: 'Names look like handle, [method]stream.read or wasi:http/types@0.2.6.',
    });
  }
  return parsed;
}

/** As `parseExternName`, with `undefined` for a name outside the grammar. */
export function tryParseExternName(name: string): ExternName | undefined {
  const parsed = parseAny(name);
  return parsed === undefined ? undefined : Object.freeze(parsed);
}

function parseAny(name: string): ExternName | undefined {
  if (name.startsWith('[')) return parseAnnotated(name);
  if (name.includes('=<')) return parseDependency(name);
  if (name.includes(':')) return parseInterface(name);
  return isLabel(name) ? { kind: 'plain', name, async: false } : undefined;
}

function parseAnnotated(name: string): ExternName | undefined {
  const close = name.indexOf(']');
  const rest = name.slice(close + 1);
  const annotation = name.slice(1, close);
  const isAsync = annotation === 'async' || annotation.startsWith('async ');
  switch (annotation) {
    case 'constructor':
      return isLabel(rest) ? { kind: 'constructor', resource: rest } : undefined;
    case 'async':
      return isLabel(rest) ? { kind: 'plain', name: rest, async: true } : undefined;
    case 'method':
    case 'static':
    case 'async method':
    case 'async static': {
      const dot = rest.indexOf('.');
      const resource = rest.slice(0, dot);
      const member = rest.slice(dot + 1);
      if (dot < 0 || !isLabel(resource) || !isLabel(member)) return undefined;
      return {
        kind: annotation.endsWith('method') ? 'method' : 'static',
        resource,
        name: member,
        async: isAsync,
      };
    }
    default:
      return undefined;
  }
}

function parseInterface(name: string): ExternName | undefined {
  const parsed = parsePackagePath(name);
  if (parsed === undefined || parsed.interface === undefined) return undefined;
  return { ...parsed, kind: 'interface', interface: parsed.interface };
}

function parsePackagePath(
  name: string,
): (Omit<InterfaceName, 'kind' | 'interface'> & { interface: string | undefined }) | undefined {
  const at = name.indexOf('@');
  const version = at < 0 ? undefined : name.slice(at + 1);
  if (version !== undefined && tryParseVersion(version) === undefined) return undefined;
  const path = at < 0 ? name : name.slice(0, at);
  const colon = path.indexOf(':');
  const slash = path.indexOf('/');
  const namespace = path.slice(0, colon);
  const packageName = path.slice(colon + 1, slash < 0 ? undefined : slash);
  const interfaceName = slash < 0 ? undefined : path.slice(slash + 1);
  if (colon < 0 || !LOWER_LABEL.test(namespace) || !LOWER_LABEL.test(packageName)) return undefined;
  if (interfaceName !== undefined && !isLabel(interfaceName)) return undefined;
  return { namespace, package: packageName, interface: interfaceName, version };
}

function parseDependency(name: string): ExternName | undefined {
  // A query alone may hold angle brackets, in the bounds of its version.
  const query = /^unlocked-dep=<(.*)>$/.exec(name)?.[1];
  if (query !== undefined)
    return isPackageQuery(query) ? { kind: 'unlocked-dep', query } : undefined;
  const match = /^(locked-dep|url|integrity)=<([^<>]*)>(?:,integrity=<([^<>]*)>)?$/.exec(name);
  if (match === null) return undefined;
  const [, kind, body = '', integrity] = match;
  if (integrity !== undefined && !isIntegrity(integrity)) return undefined;
  switch (kind) {
    case 'locked-dep':
      return parsePackagePath(body) === undefined ? undefined : { kind, package: body, integrity };
    case 'url':
      return { kind, url: body, integrity };
    case 'integrity':
      return integrity === undefined && isIntegrity(body) ? { kind, integrity: body } : undefined;
    default:
      return undefined;
  }
}

function isIntegrity(text: string): boolean {
  const hashes = text.split(/\s+/).filter((hash) => hash !== '');
  return hashes.length > 0 && hashes.every((hash) => INTEGRITY.test(hash));
}

function isPackageQuery(text: string): boolean {
  const at = text.indexOf('@');
  if (at < 0) return parsePackagePath(text) !== undefined;
  if (parsePackagePath(text.slice(0, at)) === undefined) return false;
  const range = text.slice(at + 1);
  if (range === '*') return true;
  const bounds = /^\{(?:>=([^ <>]+))?( )?(?:<([^ <>]+))?\}$/.exec(range);
  if (bounds === null) return false;
  const [, lower, space, upper] = bounds;
  if ((space !== undefined) !== (lower !== undefined && upper !== undefined)) return false;
  return (
    [lower, upper].some((bound) => bound !== undefined) &&
    [lower, upper].every((bound) => bound === undefined || tryParseVersion(bound) !== undefined)
  );
}

/**
 * The form of a name under which two names clash: names must be strongly unique (Explainer.md),
 * so that bindings can drop case, hyphens and annotations without a collision.
 */
export function clashKey(name: string, parsed: ExternName): string {
  switch (parsed.kind) {
    case 'plain':
      return squash(parsed.name);
    case 'constructor':
      return `[constructor]${squash(parsed.resource)}`;
    case 'method':
    case 'static': {
      const resource = squash(parsed.resource);
      const member = squash(parsed.name);
      return resource === member ? resource : `${resource}.${member}`;
    }
    case 'interface': {
      const path = `${squash(parsed.namespace)}:${squash(parsed.package)}/${squash(parsed.interface)}`;
      return parsed.version === undefined ? path : `${path}@${parsed.version}`;
    }
    default:
      return name;
  }
}

/** A label without case and hyphens, for comparing labels. */
export function squash(label: string): string {
  return label.replaceAll('-', '').toLowerCase();
}
