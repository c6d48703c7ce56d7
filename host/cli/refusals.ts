import { visible } from './output.ts';

/** An import that a host refused, as the problem document's member `refusals` has it. */
interface Refusal {
  readonly import: string;
  readonly functions: readonly string[];
  readonly message: string;
  readonly fix: string;
  /** Where a grant would do: the manifest's line and the flag. */
  readonly grant: { readonly line: string; readonly flag: string } | undefined;
}

/** What a refused deployment says, one line for each import, and what would have it accepted. */
export interface RefusalText {
  readonly lines: readonly string[];
  readonly fix: readonly string[];
  /** The flags that are missing, e.g. `--clock wall --random`; empty where no grant would do. */
  readonly flags: string;
}

/**
 * Reads the details of an error; `undefined` where it is not about imports. What the error's own
 * message `said` already is not listed again.
 */
export function refusalText(
  details: Readonly<Record<string, unknown>> | undefined,
  said = '',
): RefusalText | undefined {
  const refusals = readRefusals(details?.['refusals']);
  if (refusals.length === 0) return undefined;
  const grants = refusals.flatMap(({ grant }) => (grant === undefined ? [] : [grant]));
  const flags = unique(grants.map(({ flag }) => flag)).join(' ');
  const hopeless = unique(
    refusals.filter(({ grant }) => grant === undefined).map(({ fix }) => fix),
  );
  return {
    lines: refusals.flatMap((refusal) => {
      if (refusal.message !== '' && said.includes(refusal.message)) return [];
      const functions = refusal.functions.length > 0 ? ` (${refusal.functions.join(', ')})` : '';
      const needs = refusal.grant?.line ?? 'not provided by this host';
      return [visible(`${refusal.import}${functions}: ${needs}`)];
    }),
    fix: [
      ...hopeless,
      ...(flags === ''
        ? []
        : [
            `give ${flags}, or write into its grants:`,
            ...unique(grants.map(({ line }) => `  ${line}`)),
          ]),
    ],
    // The command cannot be mended by flags where another import stays refused.
    flags: hopeless.length > 0 ? '' : flags,
  };
}

function readRefusals(value: unknown): readonly Refusal[] {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  return list.flatMap((one) => {
    const text = (holder: unknown, key: string) => {
      const member: unknown = Reflect.get(Object(holder), key);
      return typeof member === 'string' ? member : undefined;
    };
    const name = text(one, 'import');
    if (name === undefined) return [];
    const functions: unknown = Reflect.get(Object(one), 'functions');
    const grant: unknown = Reflect.get(Object(one), 'grant');
    const line = text(grant, 'line');
    const flag = text(grant, 'flag');
    return [
      {
        import: name,
        functions: Array.isArray(functions) ? functions.map(String) : [],
        message: text(one, 'message') ?? '',
        fix: text(one, 'fix') ?? text(one, 'message') ?? '',
        grant: line === undefined || flag === undefined ? undefined : { line, flag },
      },
    ];
  });
}

const unique = (texts: readonly string[]) => [...new Set(texts)];
