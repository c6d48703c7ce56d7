import { isOnTrack } from '../base/index.ts';
import type { Grants } from '../config/index.ts';
import { all } from './all.ts';
import type { Capability, GrantLine, InterfaceLink } from './capability.ts';

/** One import of a component, as the reader of components sees it. */
export interface ImportedInterface {
  /** Without version: `wasi:io/poll`; of a plain import, its name. */
  readonly name: string;
  readonly version?: string | undefined;
  /** The functions that are imported, by their WIT names; none for a type-only import. */
  readonly functions: readonly string[];
  /** Resources that it brings: a host that does not know them cannot provide even a type-only import. */
  readonly resources?: readonly string[] | undefined;
  /** `instance` where absent; the others (a plain function, a module, a component) no host provides. */
  readonly sort?: 'instance' | 'func' | 'module' | 'component' | 'value' | undefined;
}

/** Why a component may not be deployed with these grants: one per import that is not covered. */
export interface Refusal {
  readonly code: 'import-not-granted' | 'import-unknown' | 'import-version' | 'import-unsupported';
  /** `wasi:random/random@0.2.6` */
  readonly import: string;
  /** The functions it is about; empty where it is the whole import. */
  readonly functions: readonly string[];
  /** One sentence. */
  readonly message: string;
  /** Imperative, with the manifest's line and the flag where a grant would do. */
  readonly fix: string;
  readonly grant?: GrantLine;
}

/** What `inspect` says about one import. */
export interface ImportExplanation {
  readonly import: string;
  readonly functions: readonly {
    readonly name: string;
    readonly needs: 'nothing' | GrantLine | 'unavailable';
  }[];
  /** The capability that provides it; absent where none does. */
  readonly capability?: string;
  /** Set where no grant can make it available. */
  readonly refusal?: Refusal;
}

/** All reasons at once why a component with these imports may not run with these grants; empty where it may. */
export function checkGrants(
  imports: readonly ImportedInterface[],
  grants: Grants,
): readonly Refusal[] {
  return imports.flatMap((each) => {
    const found = resolve(each);
    if (found === undefined) return [];
    if ('refusal' in found) return [found.refusal];
    const { capability, link } = found;
    const refusals: Refusal[] = [];
    const missing = each.functions.filter((name) => !Object.hasOwn(link.functions, name));
    if (missing.length > 0) refusals.push(unknownFunctions(each, missing));
    const uncovered = each.functions.filter(
      (name) => Object.hasOwn(link.functions, name) && link.functions[name] === 'granted',
    );
    if (uncovered.length > 0 && !capability.granted(grants, link.interface))
      refusals.push(notGranted(each, uncovered, link));
    return refusals;
  });
}

/** What each import needs, whatever the grants. */
export function explain(imports: readonly ImportedInterface[]): readonly ImportExplanation[] {
  return imports.map((each) => {
    const found = resolve(each);
    if (found === undefined) return { import: versioned(each), functions: [] };
    if ('refusal' in found) {
      return {
        import: versioned(each),
        functions: each.functions.map((name) => ({ name, needs: 'unavailable' as const })),
        refusal: found.refusal,
      };
    }
    const { capability, link } = found;
    const functions = each.functions.map((name) => {
      const rule = Object.hasOwn(link.functions, name) ? link.functions[name] : undefined;
      if (rule === undefined) return { name, needs: 'unavailable' as const };
      return {
        name,
        needs: rule === 'granted' && link.grant !== undefined ? link.grant : ('nothing' as const),
      };
    });
    const missing = functions.filter((one) => one.needs === 'unavailable').map((one) => one.name);
    return {
      import: versioned(each),
      functions,
      capability: capability.name,
      ...(missing.length > 0 ? { refusal: unknownFunctions(each, missing) } : {}),
    };
  });
}

interface Known {
  readonly capability: Capability<object>;
  readonly link: InterfaceLink;
}

/** By interface name; one element for each version of it. */
const index: ReadonlyMap<string, readonly Known[]> = Map.groupBy(
  all.flatMap((capability) => capability.links.map((link) => ({ capability, link }))),
  ({ link }) => link.interface,
);

/** What provides an import; `undefined` where nothing of it must be provided. */
function resolve(each: ImportedInterface): Known | { readonly refusal: Refusal } | undefined {
  if (each.sort !== undefined && each.sort !== 'instance') return { refusal: unsupported(each) };
  const versions = index.get(each.name);
  const { version } = each;
  const known =
    version === undefined
      ? undefined
      : versions?.find(({ link }) => isOnTrack(version, link.version));
  if (known !== undefined) return known;
  if (each.functions.length === 0 && (each.resources ?? []).length === 0) return undefined;
  return { refusal: versions === undefined ? unknown(each) : wrongVersion(each, versions) };
}

function notGranted(
  each: ImportedInterface,
  functions: readonly string[],
  link: InterfaceLink,
): Refusal {
  const grant = link.grant;
  if (grant === undefined)
    throw new TypeError(
      `${link.interface} has granted functions but says no line that grants them`,
    );
  return {
    code: 'import-not-granted',
    import: versioned(each),
    functions,
    message: `imports ${each.name} (${functions.join(', ')}), which no grant covers: add ${grant.line}`,
    fix: `add ${grant.line} to the function's grants, or run with ${grant.flag}`,
    grant,
  };
}

function unknownFunctions(each: ImportedInterface, functions: readonly string[]): Refusal {
  return {
    code: 'import-unknown',
    import: versioned(each),
    functions,
    message: `imports ${versioned(each)} (${functions.join(', ')}), which this version does not provide`,
    fix: `build the module without ${functions.length === 1 ? 'that function' : 'those functions'}, or against WASI ${WASI}`,
  };
}

function unknown(each: ImportedInterface): Refusal {
  const name = versioned(each);
  return {
    code: 'import-unknown',
    import: name,
    functions: each.functions,
    message: `imports ${name}, which this version does not provide`,
    fix: each.name.startsWith('wasi:')
      ? `build the module without ${each.name}; provided are ${provided()}`
      : `compose the module with a component that exports ${name} (wac plug), so that only wasi: interfaces are left to import`,
  };
}

function wrongVersion(each: ImportedInterface, versions: readonly Known[]): Refusal {
  const has = versions.map(({ link }) => link.version).join(' and ');
  return {
    code: 'import-version',
    import: versioned(each),
    functions: each.functions,
    message: `imports ${versioned(each)}, which this version does not provide: it has ${each.name} ${has} and what is compatible with it`,
    fix: `build the module against WASI ${WASI}`,
  };
}

function unsupported(each: ImportedInterface): Refusal {
  const what = each.sort === 'func' ? 'function' : each.sort;
  return {
    code: 'import-unsupported',
    import: versioned(each),
    functions: [],
    message: `imports the ${what} ${JSON.stringify(each.name)} directly, which this version does not provide`,
    fix: `put the ${what} into an interface that a component exports, and compose the module with it (wac plug); of the host a module may import only wasi: interfaces`,
  };
}

const WASI = '0.2 or 0.3';

function provided(): string {
  return [...new Set([...index.keys()].map((name) => name.slice(0, name.indexOf('/'))))].join(', ');
}

function versioned(each: ImportedInterface): string {
  return each.version === undefined ? each.name : `${each.name}@${each.version}`;
}
