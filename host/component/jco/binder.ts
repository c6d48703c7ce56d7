import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostKey } from '../../base/index.ts';
import type { BindOptions, Binder, BinderCache, BoundComponent } from '../binder.ts';
import type { Component } from '../model.ts';
import { BinderError } from './errors.ts';
import { evaluate, instantiateCore } from './evaluate.ts';
import { checkInertNames } from './inert-names.ts';
import { pack, unpack } from './pack.ts';
import { defaultBounds, transpileInProcess, type TranspileBounds } from './transpile-process.ts';
import type { Transpiled } from './transpile-protocol.ts';

export interface JcoBinderOptions {
  readonly cache?: BinderCache | undefined;
  readonly bounds?: TranspileBounds | undefined;
}

/** Changes whenever what is kept would be read differently. */
const CACHE_FORMAT = '3';

/**
 * The reference binder: jco's transpiler in a disposable process, its output evaluated here, with JSPI for
 * every import that may block. Takes any component that jco takes.
 */
export function createJcoBinder(options: JcoBinderOptions = {}): Binder {
  const bounds = options.bounds ?? defaultBounds;
  const { cache } = options;

  async function transpiled(bind: BindOptions): Promise<Transpiled> {
    const exports = exportedFunctions(bind.component);
    const map = versionedImports(bind.component);
    const key = cacheKey(bind, exports);
    const kept = await cache?.get(key);
    const found = kept === undefined ? undefined : unpack(kept);
    if (found !== undefined) return found;
    const made = await transpileInProcess(
      { bytes: bind.bytes, blocking: bind.blocking, exports, map },
      bounds,
      bind.signal,
    );
    await cache?.put(key, pack(made));
    return made;
  }

  return {
    name: 'jco',
    async bind(bind): Promise<BoundComponent> {
      checkInertNames(bind.component);
      const { source, modules } = await transpiled(bind);
      const compiled = new Map<string, WebAssembly.Module>();
      for (const [path, bytes] of modules) compiled.set(path, await compile(bind.transform(bytes)));
      const evaluated = evaluate(source, bind.sha256.slice(0, 12));
      const getCoreModule = (path: string): WebAssembly.Module => {
        const module = compiled.get(path);
        if (module === undefined)
          throw new Error(`jco's output asks for a core module it did not emit: ${path}`);
        return module;
      };
      return {
        binder: 'jco',
        instantiate: async (imports, lifetime) =>
          evaluated(lifetime)(getCoreModule, imports, instantiateCore),
      };
    },
  };
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (thrown) {
    throw BinderError.unbindable(
      `V8 refuses one of its core modules: ${(thrown as Error).message.split('\n', 1)[0]}`,
      undefined,
      thrown,
    );
  }
}

/** jco asks for every interface by its bare name, whatever the version, unless told another. */
function versionedImports(component: Component): [string, string][] {
  return component.imports.flatMap(({ name, parsed }): [string, string][] => {
    if (parsed.kind !== 'interface') return [];
    const bare = `${parsed.namespace}:${parsed.package}/${parsed.interface}`;
    const key = hostKey(bare, parsed.version);
    return key === bare ? [] : [[name, key]];
  });
}

/** Every exported function in jco's spelling, interface versions left out. */
function exportedFunctions(component: Component): string[] {
  const names: string[] = [];
  for (const { name, type } of component.exports) {
    if (type.kind === 'func') names.push(name);
    if (type.kind !== 'instance') continue;
    for (const [member, memberType] of type.exports) {
      // Awaited, jco emits code for constructors and static functions that does not parse: they may not suspend.
      if (memberType.kind === 'func' && !/^\[(?:constructor|static)\]/.test(member))
        names.push(`${name.replace(/@.*$/, '')}#${member}`);
    }
  }
  return names.sort();
}

/** jco-transpile does not export its package.json, so it is read beside the entry that it does export. */
function jcoVersion(): string {
  const manifest = new URL(
    '../package.json',
    import.meta.resolve('@bytecodealliance/jco-transpile'),
  );
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function cacheKey(bind: BindOptions, exports: readonly string[]): string {
  const made = JSON.stringify([
    CACHE_FORMAT,
    jcoVersion(),
    bind.sha256,
    [...bind.blocking].sort(),
    exports,
  ]);
  return `jco-${createHash('sha256').update(made).digest('hex')}`;
}
