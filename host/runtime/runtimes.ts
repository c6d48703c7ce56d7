import {
  linkAll,
  scriptHost,
  type CapabilityEnvironment,
  type Linker,
} from '../capability/index.ts';
import {
  bindAssemblyScript,
  bindCoreModule,
  type Binder,
  type BoundComponent,
} from '../component/index.ts';
import type { FunctionConfig } from '../config/index.ts';
import { admit } from './admission.ts';
import { confine } from './confinement.ts';
import { FunctionRuntime } from './function-runtime.ts';
import type { Program } from './program.ts';

export interface RuntimesOptions {
  readonly binder: Binder;
  readonly environment: CapabilityEnvironment;
}

/** A program, the bytes it was read from, and their SHA-256 in hex. */
export interface Code {
  readonly program: Program;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** Makes versions of functions ready to run. */
export interface Runtimes {
  /**
   * Checks the program against its grants and limits, opens what the grants name, binds it.
   * Throws `RuntimeError`, `GrantError`, `BinderError` or `RewriteError`; nothing stays open then.
   */
  prepare(code: Code, config: FunctionConfig, signal?: AbortSignal): Promise<FunctionRuntime>;
}

export function createRuntimes({ binder, environment }: RuntimesOptions): Runtimes {
  return {
    async prepare(code, config, signal) {
      const { program } = code;
      const transform = confine(program, config.limits);
      admit(program, config.grants);
      await using stack = new AsyncDisposableStack();
      const linker = stack.use(await linkAll(config.grants, config.limits, environment));
      const { bound, instantiate } = await bind(code, linker, transform, signal);
      const { limits, isolation } = config;
      const { clock, random } = environment;
      const { blocking } = linker;
      const runtime = new FunctionRuntime({
        bound,
        linker: {
          blocking,
          instantiate,
          [Symbol.asyncDispose]: () => linker[Symbol.asyncDispose](),
        },
        limits,
        isolation,
        clock,
        random,
      });
      stack.move();
      return runtime;
    },
  };

  async function bind(
    { program, bytes, sha256 }: Code,
    linker: Linker,
    transform: (module: Uint8Array) => Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly bound: BoundComponent; readonly instantiate: Linker['instantiate'] }> {
    if ('script' in program) {
      const { module, script } = program;
      return {
        bound: await bindAssemblyScript({ bytes, module, script, transform }),
        instantiate: (context) => ({ env: scriptHost(linker.instantiate(context), context) }),
      };
    }
    if ('module' in program) {
      const { preview1 } = linker;
      return {
        bound: await bindCoreModule({ bytes, blocking: preview1.blocking, transform }),
        instantiate: (context) => preview1.instantiate(context),
      };
    }
    const { component } = program;
    const { blocking } = linker;
    return {
      bound: await binder.bind({ bytes, component, sha256, blocking, transform, signal }),
      instantiate: (context) => linker.instantiate(context),
    };
  }
}
