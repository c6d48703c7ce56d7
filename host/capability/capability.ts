import type { Clock } from '../base/index.ts';
import type { Grants, Limits } from '../config/index.ts';
import type { SubrequestBudget } from '../wasi/http/index.ts';
import type { ByteSink, ByteSource, Preview1Options, WasiInstance } from '../wasi/index.ts';

/**
 * Whether a function is linked for everybody, or only where the grants cover it.
 * The names are those of WIT: `get-random-bytes`, `[method]pollable.block`, `[constructor]fields`.
 */
export type FunctionRules = Readonly<Record<string, 'always' | 'granted'>>;

/** What a user writes to be granted something: the line of the manifest and the flag that say the same. */
export interface GrantLine {
  /** `random = true` */
  readonly line: string;
  /** `--random` */
  readonly flag: string;
}

/** One interface that a capability provides. */
export interface InterfaceLink {
  /** Without version: `wasi:random/random`. */
  readonly interface: string;
  /** The version whose compatible ones are provided: `0.2.0` stands for every 0.2.x. One interface may be linked in several. */
  readonly version: string;
  /** Every function of the interface, resource members included, as the WIT of 0.2.12 or 0.3.2 has them. */
  readonly functions: FunctionRules;
  /** What grants its `granted` functions; present where it has some. */
  readonly grant?: GrantLine;
}

/** What a capability may use of the host. Handed in, so that tests decide time, chance and names. */
export interface CapabilityEnvironment {
  readonly clock: Clock;
  /** Fills the bytes from a cryptographically secure source. */
  readonly random: (bytes: Uint8Array) => void;
  /** Directories that the host keeps its own data in; no guest reaches these. */
  readonly ownDirectories: readonly string[];
  /** Where the host itself listens (edge and admin), asked anew at every connect; no guest reaches these. */
  readonly ownAddresses: () => readonly SocketAddress[];
  /** All addresses of a DNS name, in text form. Rejects where the name has none. */
  readonly lookup: Lookup;
}

export interface SocketAddress {
  /** An IP address in text form; `0.0.0.0` and `::` stand for every interface of the machine. */
  readonly address: string;
  readonly port: number;
}

/** `signal` is aborted when the answer is no longer wanted. */
export type Lookup = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** What a guest that is run as a command is run with, beside its grants. */
export interface CommandLine {
  /** The first is the program's name. */
  readonly args: readonly string[];
  /** Variables of this run. Granted ones of the same name win: what a request says must not replace what the operator says. */
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly stdin: ByteSource;
  /** Which of the standard streams are terminals; none by default. */
  readonly terminals?:
    | { readonly stdin?: boolean; readonly stdout?: boolean; readonly stderr?: boolean }
    | undefined;
}

/** What belongs to one instance. It ends with `instance`: see `WasiInstance.onEnd`. */
export interface InstanceContext {
  readonly instance: WasiInstance;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Where absent, `limits.subrequests` holds for the life of the instance; with it, whoever gives it resets it for each request. */
  readonly subrequests?: SubrequestBudget | undefined;
  /** Where absent, the guest has no arguments and its standard input is at its end. */
  readonly command?: CommandLine | undefined;
}

/** `hostKey` of an interface → the object of functions and classes that the binder links. */
export type Implementations = Readonly<Record<string, object>>;

/** The functions of `wasi_snapshot_preview1` that a capability provides. */
export interface Preview1Link {
  readonly functions: FunctionRules;
  /** What grants its `granted` functions; present where it has some. */
  readonly grant?: GrantLine;
}

/**
 * One thing that a function may be granted, in three moments: `links` says what it provides (once,
 * without any function at hand), `configure` checks and opens what a version's grants name (once per
 * version), `prepare` gives one instance its objects.
 */
export interface Capability<Configured extends object> {
  readonly name: string;
  readonly links: readonly InterfaceLink[];
  /** Functions that return promises, as `wasi:io/poll#[method]pollable.block`. */
  readonly blocking: readonly string[];
  /** Whether the grants cover the `granted` functions of one of the interfaces in `links`. */
  granted(grants: Grants, interfaceName: string): boolean;
  /**
   * Throws `GrantError` where something granted cannot be had. What the result holds is given back
   * by its `Symbol.asyncDispose` or `Symbol.dispose`, when the version goes.
   */
  configure(
    grants: Grants,
    limits: Limits,
    environment: CapabilityEnvironment,
  ): Promise<Configured>;
  prepare(configured: Configured, context: InstanceContext): Implementations;
  /** What it provides to core modules; `granted` is asked with the name `wasi_snapshot_preview1`. */
  readonly preview1?: Preview1Link;
  /** As `prepare`, its part of what preview1 is made of. */
  preparePreview1?(configured: Configured, context: InstanceContext): Partial<Preview1Options>;
}

/** The rules of an interface whose functions are all linked for everybody. */
export function always(...functions: readonly string[]): FunctionRules {
  return Object.fromEntries(functions.map((name) => [name, 'always']));
}

/** The rules of an interface whose functions all need the grant. */
export function granted(...functions: readonly string[]): FunctionRules {
  return Object.fromEntries(functions.map((name) => [name, 'granted']));
}
