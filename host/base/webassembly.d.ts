/**
 * The part of the WebAssembly JavaScript interface that the host uses. TypeScript has these types only in its
 * `dom` library, whose other globals a server must not see, and not JSPI's.
 */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  class Module {
    constructor(bytes: Uint8Array);
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class RuntimeError extends Error {}
  /** JSPI: the import suspends the guest until its promise settles; it can only be called below `promising`. */
  const Suspending: new (work: (...args: never[]) => unknown) => object;
  function compile(bytes: Uint8Array): Promise<Module>;
  function promising(callee: unknown): (...args: unknown[]) => Promise<unknown>;
}
