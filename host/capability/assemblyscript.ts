import { quote } from '../base/index.ts';
import type { Grants } from '../config/index.ts';
import { GuestFault, type ByteSink, type Datetime } from '../wasi/index.ts';
import type { Implementations, InstanceContext } from './capability.ts';
import {
  checkGrants,
  explain,
  type ImportedInterface,
  type ImportExplanation,
  type Refusal,
} from './grants.ts';

/** One import of a core module that AssemblyScript's compiler made. */
export interface ScriptImport {
  readonly module: string;
  readonly name: string;
  /** `func`, `memory` … */
  readonly kind: string;
  /** Of a function: `iIfF>i` for i32, i64, f32 and f64 in turn, `?` for anything else. */
  readonly signature?: string | undefined;
}

interface Known {
  readonly signature: string;
  /** The function of WASI that it is made of, and whose grant it needs. */
  readonly of?: ImportedInterface;
}

const MODULE = 'env';
const wasi = (name: string, called: string): ImportedInterface => ({
  name,
  version: '0.2.0',
  functions: [called],
});

/** What asc's compiler and standard library import, as far as it is provided. */
const IMPORTS: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['abort', { signature: 'iiii>' }],
  ['trace', { signature: 'iiFFFFF>' }],
  ['seed', { signature: '>F', of: wasi('wasi:random/random', 'get-random-u64') }],
  ['Date.now', { signature: '>F', of: wasi('wasi:clocks/wall-clock', 'now') }],
  ['performance.now', { signature: '>F', of: wasi('wasi:clocks/monotonic-clock', 'now') }],
  ['console.assert', { signature: 'ii>' }],
  ...['log', 'debug', 'info', 'warn', 'error'].map(
    (level) => [`console.${level}`, { signature: 'i>' }] as const,
  ),
]);

/** As `checkGrants`, for a module of AssemblyScript's. */
export function checkScriptGrants(
  imports: readonly ScriptImport[],
  grants: Grants,
): readonly Refusal[] {
  return imports.flatMap((each) => {
    const refusal = refuse(each);
    if (refusal !== undefined) return [refusal];
    const of = IMPORTS.get(each.name)?.of;
    if (of === undefined) return [];
    return checkGrants([of], grants).map((missing) => ({
      ...missing,
      import: nameOf(each),
      functions: [each.name],
      message: `imports ${nameOf(each)} (${meaning(each.name)}), which no grant covers${missing.grant === undefined ? '' : `: add ${missing.grant.line}`}`,
    }));
  });
}

/** As `explain`, for a module of AssemblyScript's: one entry per import. */
export function explainScript(imports: readonly ScriptImport[]): readonly ImportExplanation[] {
  return imports.map((each) => {
    const refusal = refuse(each);
    if (refusal !== undefined)
      return {
        import: nameOf(each),
        functions: [{ name: each.name, needs: 'unavailable' as const }],
        refusal,
      };
    const of = IMPORTS.get(each.name)?.of;
    const needs = of === undefined ? undefined : explain([of])[0]?.functions[0]?.needs;
    return {
      import: nameOf(each),
      functions: [{ name: each.name, needs: needs ?? ('nothing' as const) }],
    };
  });
}

function meaning(name: string): string {
  return name === 'seed' ? 'of Math.random' : 'the time of day';
}

function nameOf({ module, name }: ScriptImport): string {
  return `${module}.${name}`;
}

/** What no grant can mend. */
function refuse(each: ScriptImport): Refusal | undefined {
  const known = each.module === MODULE ? IMPORTS.get(each.name) : undefined;
  const shown = quote(nameOf(each));
  if (known === undefined) {
    return {
      code: 'import-unknown',
      import: nameOf(each),
      functions: [each.name],
      message: `imports ${shown}, which this version does not provide: to AssemblyScript it gives ${[...IMPORTS.keys()].join(', ')}`,
      fix: 'build the module without that import: without "declare function" of your own, and with the JavaScript API that needs it left out',
    };
  }
  if (each.kind === 'func' && each.signature === known.signature) return undefined;
  return {
    code: 'import-unsupported',
    import: nameOf(each),
    functions: [each.name],
    message: `imports ${shown} as another kind of thing than AssemblyScript's library has it`,
    fix: 'build the module with asc 0.28, and without a "declare function" of that name',
  };
}

/** Most characters of a message, or of a file's name, that a guest aborts with. */
const MAX_MESSAGE = 2000;

/**
 * What a module of AssemblyScript's imports, in the shape that its binder takes: made of WASI's functions, so that
 * what is not granted is not there, and what a clock's grant makes coarse is coarse here, too.
 */
export function scriptHost(
  implementations: Implementations,
  { instance, stdout, stderr }: InstanceContext,
) {
  const random: { readonly getRandomU64?: () => bigint } | undefined =
    implementations['wasi:random/random'];
  const wall: { readonly now?: () => Datetime } | undefined =
    implementations['wasi:clocks/wall-clock'];
  const monotonic = implementations['wasi:clocks/monotonic-clock'] as { now: () => bigint };
  return {
    abort: (
      reason: string | undefined,
      file: string | undefined,
      line: number,
      column: number,
    ): never => {
      const fault = aborted(reason, file, line, column);
      // Ended first: a guest that catches exceptions would go on otherwise.
      instance.end(fault);
      throw fault;
    },
    trace: (message: string, values: readonly number[]) =>
      print(stderr, `trace: ${message}${values.length > 0 ? ' ' : ''}${values.join(', ')}`),
    seed: derived(random?.getRandomU64, unpredictable),
    dateNow: derived(wall?.now, milliseconds),
    performanceNow: () => Number(monotonic.now()) / 1e6,
    console: (level: string, message: string) =>
      print(level === 'warn' || level === 'error' ? stderr : stdout, message),
  };
}

/** Absent where what it is made of is. */
function derived<T>(
  source: (() => T) | undefined,
  make: (value: T) => number,
): (() => number) | undefined {
  return source === undefined ? undefined : () => make(source());
}

function milliseconds({ seconds, nanoseconds }: Datetime): number {
  return Number(seconds) * 1000 + Math.floor(nanoseconds / 1e6);
}

/** A float between 1 and 2 with 52 bits of chance: `Math.random` is seeded with the float's own bits. */
function unpredictable(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, 0x3ff0_0000_0000_0000n | (bits & 0xf_ffff_ffff_ffffn));
  return view.getFloat64(0);
}

/** A guest of this kind cannot wait for room: what there is none for is dropped, as the log does with it anyway. */
function print(sink: ByteSink, line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  const room = sink.permit() ?? 0;
  if (room > 0) sink.write(bytes.subarray(0, room));
}

function aborted(
  reason: string | undefined,
  file: string | undefined,
  line: number,
  column: number,
): GuestFault {
  const where = file === undefined ? '' : ` at ${plain(file)}:${line}:${column}`;
  return new GuestFault({
    code: 'guest-aborted',
    status: 500,
    message: `the guest aborted${reason === undefined ? '' : `: ${plain(reason)}`}${where}`,
    details: {
      reason: reason === undefined ? null : plain(reason),
      file: file === undefined ? null : plain(file),
      line,
      column,
    },
  });
}

/** Without the quotes: it stands at the end of a sentence, or alone. */
function plain(text: string): string {
  return quote(text, MAX_MESSAGE)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"');
}
