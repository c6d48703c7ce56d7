import { exit } from '../cli/index.ts';
import { overLimit } from '../errors.ts';
import { fail } from './errno.ts';
import type { Implementation, State } from './state.ts';

const encoder = new TextEncoder();
const MAX_SIGNAL = 30;

export interface ProcessOptions {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
}

/** Arguments, environment, exit. */
export function processFunctions(
  state: State,
  { args, env }: ProcessOptions,
): Record<string, Implementation> {
  const { memory, instance } = state;
  const environ = env.map(([name, value]) => `${name}=${value}`);
  return {
    args_sizes_get: sizes(state, args),
    args_get: strings(state, args),
    environ_sizes_get: sizes(state, environ),
    environ_get: strings(state, environ),
    proc_exit(code: number) {
      exit(instance, code);
    },
    /** No signal reaches a guest, so it cannot send itself one either. */
    proc_raise(signal: number) {
      fail(signal > MAX_SIGNAL ? 'inval' : 'notsup');
    },
    async sched_yield() {
      await instance.wait(new Promise<void>((resolve) => setImmediate(resolve)));
    },
  };

  function sizes(_state: State, list: readonly string[]): Implementation {
    return (count: number, bytes: number) => {
      memory.reserve(bytes, 4, 4);
      memory.setU32(count, list.length);
      memory.setU32(bytes, packed(list).length);
    };
  }

  function strings(_state: State, list: readonly string[]): Implementation {
    return (pointers: number, buffer: number) => {
      const bytes = packed(list);
      if (bytes.length > instance.limits.copy)
        throw overLimit('copy', instance.limits.copy, 'bytes of arguments or environment');
      memory.reserve(pointers, list.length * 4, 4);
      memory.bytes(buffer, bytes.length).set(bytes);
      let at = 0;
      list.forEach((_text, index) => {
        memory.setU32(pointers + index * 4, buffer + at);
        at = bytes.indexOf(0, at) + 1;
      });
    };
  }
}

/** The texts one after the other, each with the NUL that ends it; one within a text would end it early. */
function packed(list: readonly string[]): Uint8Array {
  return encoder.encode(list.map((text) => `${text.replaceAll('\0', '')}\0`).join(''));
}
