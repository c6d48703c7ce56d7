import type { Clocks } from '../clocks/index.ts';
import type { WasiInstance } from '../instance.ts';
import { errno, errnoOf } from './errno.ts';
import type { FdTable } from './fd-table.ts';
import type { GuestMemory } from './guest-memory.ts';

/** What the functions of one instance share. */
export interface State {
  readonly instance: WasiInstance;
  readonly memory: GuestMemory;
  readonly fds: FdTable;
  readonly clocks: Clocks;
  /** Whether the guest may know the time of day. */
  readonly wall: boolean;
}

type Argument = number | bigint;

/** A function as the guest imports it. i32 arguments come as unsigned numbers, i64 ones as unsigned bigints. */
// oxlint-disable-next-line typescript/no-explicit-any -- each function names its own arguments; their types are checked against its signature when a module is deployed
export type Implementation = (...args: any[]) => void | Promise<void>;

/**
 * The function that the guest calls: gives the errno, and traps for what has none. V8 hands over i32 and i64
 * as signed numbers, and preview1 knows only unsigned ones beside the offset of a seek.
 */
export function guestFunction(
  state: State,
  work: Implementation,
): (...args: Argument[]) => number | Promise<number> {
  const { instance } = state;
  return (...args) => {
    instance.check();
    try {
      const done = work(...args.map(unsigned));
      return done === undefined ? 0 : done.then(() => 0, failed);
    } catch (thrown) {
      return failed(thrown);
    }
  };
}

function unsigned(value: Argument): Argument {
  return typeof value === 'number' ? value >>> 0 : BigInt.asUintN(64, value);
}

function failed(thrown: unknown): number {
  const name = errnoOf(thrown);
  if (name === undefined) throw thrown;
  return errno(name);
}
