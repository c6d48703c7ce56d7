import { linkAll, type CapabilityEnvironment } from '../capability/index.ts';
import type { Binder, Component } from '../component/index.ts';
import type { FunctionConfig } from '../config/index.ts';
import { admit } from './admission.ts';
import { confine } from './confinement.ts';
import { FunctionRuntime } from './function-runtime.ts';

export interface RuntimesOptions {
  readonly binder: Binder;
  readonly environment: CapabilityEnvironment;
}

/** A component, the bytes it was read from, and their SHA-256 in hex. */
export interface Code {
  readonly component: Component;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** Makes versions of functions ready to run. */
export interface Runtimes {
  /**
   * Checks the component against its grants and limits, opens what the grants name, binds it.
   * Throws `RuntimeError`, `GrantError`, `BinderError` or `RewriteError`; nothing stays open then.
   */
  prepare(code: Code, config: FunctionConfig, signal?: AbortSignal): Promise<FunctionRuntime>;
}

export function createRuntimes({ binder, environment }: RuntimesOptions): Runtimes {
  return {
    async prepare({ component, bytes, sha256 }, config, signal) {
      const transform = confine(component, config.limits);
      admit(component, config.grants);
      await using stack = new AsyncDisposableStack();
      const linker = stack.use(await linkAll(config.grants, config.limits, environment));
      const bound = await binder.bind({ bytes, component, sha256, blocking: linker.blocking, transform, signal });
      const { limits, isolation } = config;
      const { clock, random } = environment;
      const runtime = new FunctionRuntime({ bound, linker, limits, isolation, clock, random });
      stack.move();
      return runtime;
    },
  };
}
