import type { BoundComponent, GuestExports } from './binder.ts';
import { BinderError } from './jco/errors.ts';

/**
 * The host's side of a module that core modules import from: functions over core values, and where to hand
 * in the memory that they work on, which a core module exports rather than takes.
 */
export interface CoreHost {
  readonly functions: Readonly<Record<string, (...args: never[]) => unknown>>;
  attach(memory: WebAssembly.Memory): void;
}

/** Host modules by the name under which they are imported. */
export type CoreImports = Readonly<Record<string, CoreHost>>;

export interface CoreBindOptions {
  readonly bytes: Uint8Array;
  /** Imported functions that may return a promise, and so suspend the guest: `wasi_snapshot_preview1#fd_read`. */
  readonly blocking: readonly string[];
  /** Applied before the module is compiled. */
  readonly transform: (module: Uint8Array) => Uint8Array;
}

/**
 * Makes a core module ready: compiled once, instantiated any number of times, each with `CoreImports`. Its
 * exported functions become functions that resolve with their core results. Throws `BinderError`.
 */
export async function bindCoreModule({
  bytes,
  blocking,
  transform,
}: CoreBindOptions): Promise<BoundComponent> {
  const module = await compile(transform(bytes));
  const suspending = new Set(blocking);
  return {
    binder: 'core',
    async instantiate(imports) {
      const hosts = imports as CoreImports;
      const given = Object.entries(hosts).map(
        ([name, { functions }]) => [name, linked(name, functions, suspending)] as const,
      );
      const { exports } = new WebAssembly.Instance(module, Object.fromEntries(given));
      const memory = exports['memory'];
      if (memory instanceof WebAssembly.Memory)
        for (const host of Object.values(hosts)) host.attach(memory);
      return promised(exports);
    },
  };
}

/** What the guest may wait in is bound as suspending; the rest stays cheap. */
function linked(
  name: string,
  functions: CoreHost['functions'],
  suspending: ReadonlySet<string>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(functions).map(([member, work]) => [
      member,
      suspending.has(`${name}#${member}`) ? new WebAssembly.Suspending(work) : work,
    ]),
  );
}

function promised(exports: Record<string, unknown>): GuestExports {
  return Object.fromEntries(
    Object.entries(exports).map(([name, value]) => [
      name,
      typeof value === 'function'
        ? WebAssembly.promising(value as (...args: never[]) => unknown)
        : value,
    ]),
  );
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (thrown) {
    throw BinderError.unbindable(
      `V8 refuses the module: ${(thrown as Error).message.split('\n', 1)[0]}`,
      undefined,
      thrown,
    );
  }
}
