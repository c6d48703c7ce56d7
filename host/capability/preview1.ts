import type { Grants } from '../config/index.ts';
import { PREVIEW1, PREVIEW1_SIGNATURES } from '../wasi/index.ts';
import { all } from './all.ts';
import type { Capability, Preview1Link } from './capability.ts';
import type { ImportExplanation, Refusal } from './grants.ts';

/** One import of a core module, as the reader of core modules sees it. */
export interface CoreModuleImport {
  readonly module: string;
  readonly name: string;
  /** `func`, `memory` … */
  readonly kind: string;
  /** Of a function: `iIi>i`, where `i` is an i32, `I` an i64, `?` anything else. */
  readonly signature?: string | undefined;
}

interface Known {
  readonly capability: Capability<object>;
  readonly link: Preview1Link;
}

const index: ReadonlyMap<string, Known> = new Map(
  all.flatMap((capability) => {
    const link = capability.preview1;
    return link === undefined
      ? []
      : Object.keys(link.functions).map((name) => [name, { capability, link }] as const);
  }),
);

/** As `checkGrants`, for a core module. */
export function checkCoreGrants(
  imports: readonly CoreModuleImport[],
  grants: Grants,
): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const uncovered = new Map<Known, string[]>();
  for (const each of imports) {
    const refusal = refuse(each);
    if (refusal !== undefined) {
      refusals.push(refusal);
      continue;
    }
    const known = index.get(each.name);
    if (known === undefined || known.link.functions[each.name] === 'always') continue;
    if (known.capability.granted(grants, PREVIEW1)) continue;
    uncovered.set(known, [...(uncovered.get(known) ?? []), each.name]);
  }
  for (const [{ link }, functions] of uncovered) refusals.push(notGranted(link, functions));
  return refusals;
}

/** As `explain`, for a core module: one entry per imported module. */
export function explainCore(imports: readonly CoreModuleImport[]): readonly ImportExplanation[] {
  return [...Map.groupBy(imports, (each) => each.module)].map(([module, members]) => {
    const refusal = members.map((each) => refuse(each)).find((each) => each !== undefined);
    return {
      import: module,
      functions: members.map((each) => ({ name: each.name, needs: needsOf(each) })),
      ...(refusal === undefined ? {} : { refusal }),
    };
  });
}

function needsOf(each: CoreModuleImport): ImportExplanation['functions'][number]['needs'] {
  const link = refuse(each) === undefined ? index.get(each.name)?.link : undefined;
  if (link === undefined) return 'unavailable';
  return link.functions[each.name] === 'granted' && link.grant !== undefined
    ? link.grant
    : 'nothing';
}

/** What no grant can mend. */
function refuse({ module, name, kind, signature }: CoreModuleImport): Refusal | undefined {
  const of = `${module}.${name}`;
  if (module !== PREVIEW1) {
    return {
      code: 'import-unknown',
      import: of,
      functions: [name],
      message: `imports ${JSON.stringify(of.slice(0, 200))}, which this version does not provide: core modules may import only from ${PREVIEW1}`,
      fix: 'build the module for wasm32-wasip1, or as a component',
    };
  }
  if (kind === 'func' && !index.has(name)) {
    return {
      code: 'import-unknown',
      import: of,
      functions: [name],
      message: `imports ${JSON.stringify(of.slice(0, 200))}, which ${PREVIEW1} does not have`,
      fix: 'build the module for wasm32-wasip1',
    };
  }
  const expected = `${PREVIEW1_SIGNATURES[name] ?? ''}${name === 'proc_exit' ? '>' : '>i'}`;
  if (kind !== 'func' || signature !== expected) {
    return {
      code: 'import-unsupported',
      import: of,
      functions: [name],
      message: `imports ${JSON.stringify(of.slice(0, 200))} as another kind of thing than it is`,
      fix: 'build the module for wasm32-wasip1',
    };
  }
  return undefined;
}

function notGranted({ grant }: Preview1Link, functions: readonly string[]): Refusal {
  if (grant === undefined)
    throw new TypeError(`${functions.join(', ')}: granted functions, but no line that grants them`);
  return {
    code: 'import-not-granted',
    import: PREVIEW1,
    functions,
    message: `imports ${PREVIEW1} (${functions.join(', ')}), which no grant covers: add ${grant.line}`,
    fix: `add ${grant.line} to the function's grants, or run with ${grant.flag}`,
    grant,
  };
}
