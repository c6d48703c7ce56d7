import type { LogLevel } from '../config/index.ts';

/** What the command line is given from outside, so that it can run against fakes. */

/** The raw form of a function's configuration: the JSON of the manifest's function table. */
export type RawConfig = Readonly<Record<string, unknown>>;

/** Settings of the host that flags, the environment and the manifest's `[host]` table share. */
export interface HostSettings {
  /** Address of the edge, `HOST:PORT`; port 0 takes a free one. */
  readonly listen: string;
  /** Address of the admin API, `HOST:PORT`. */
  readonly adminListen: string;
  /** Directory of everything that is kept: artifacts, records, the admin token. Absolute. */
  readonly data: string;
  /** Number of worker processes, at least 1. */
  readonly workers: number;
  readonly logLevel: LogLevel;
}

export interface ServeOptions {
  /**
   * What flags and the environment ask for. It wins over the manifest's `[host]` table;
   * {@link resolveHostSettings} merges both with the defaults.
   */
  readonly overrides: Partial<HostSettings>;
  /** Absolute path of the manifest, when one was named (`--config`, `SELVEDGE_CONFIG`). */
  readonly manifest: string | undefined;
  /** `serve FILE.wasm`: this component alone answers at `/`. */
  readonly single: SingleFunction | undefined;
}

export interface SingleFunction {
  /** Absolute path of the module. */
  readonly file: string;
  /** The file's name made a function name. */
  readonly name: string;
  /** Raw configuration made of the flags; host directories in it are absolute. */
  readonly config: RawConfig;
}

export interface RunningHost {
  /** URL of the edge without a trailing slash, e.g. `http://127.0.0.1:8080`. */
  readonly edge: string;
  /** URL of the admin API without a trailing slash. */
  readonly admin: string;
  /** Path of the token file; absent when the token came from the environment. */
  readonly tokenFile: string | undefined;
  /** What answers when the host is ready. */
  readonly functions: readonly RunningFunction[];
  /** Settles when the host has ended: resolved after a drain, rejected when it failed. */
  readonly closed: Promise<void>;
  /** Stops accepting and drains. Calling it twice is the same as once. */
  close(): Promise<void>;
}

export interface RunningFunction {
  readonly name: string;
  readonly lane: string;
  /** As written in the manifest (`GET /x/*`), `/fn/NAME/*` included; `['/*']` with `serve FILE`. */
  readonly routes: readonly string[];
}

/** What the capability layer and the lanes know about a module's bytes. */
export interface ModuleExplanation {
  /** The lane that takes the module, `undefined` when none does. */
  readonly lane: string | undefined;
  /** One sentence: why this lane, or why none takes it. */
  readonly reason: string;
  /** What can be called, in words: `HTTP requests`, `prime(n: u32) -> u64`. */
  readonly callable: readonly string[];
  readonly imports: readonly ImportExplanation[];
}

export interface ImportExplanation {
  /** As the module names it: `wasi:filesystem/types@0.2.6`, or `env.abort` for a core module. */
  readonly name: string;
  /** The functions of it the module uses; empty for a type-only import. */
  readonly functions: readonly string[];
  /** `always`: linked for everyone. `grant`: needs `line`. `unknown`: nothing provides it. */
  readonly needs: 'always' | 'grant' | 'unknown';
  /** The line that grants it, e.g. `poll = true`. */
  readonly line: string | undefined;
  /** Whether the configuration that was passed covers it. */
  readonly covered: boolean;
}

/** A stream to a person or a program: `process.stdout` and `process.stderr` are such. */
export interface TextSink {
  write(chunk: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  /** Tells of a write that failed; a stream on which nobody listens would end the process. */
  on?(event: 'error', listener: (error: Error) => void): unknown;
  /** Whether what is written no longer arrives. */
  readonly closed?: boolean | undefined;
}

/** The part of `process` that tells of signals. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: string) => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: (signal: string) => void): unknown;
}

/** `selvedge run`: one run of a command, on this process's standard streams. */
export interface RunOptions {
  /** Absolute path of the module. */
  readonly file: string;
  /** As the caller wrote it: the command's own name, its first argument. */
  readonly name: string;
  /** Raw configuration made of the flags. */
  readonly config: RawConfig;
  readonly args: readonly string[];
  /** Call this function of a core module instead. */
  readonly invoke: string | undefined;
  /** Aborted when the run is to end. */
  readonly signal: AbortSignal;
}

export interface CliDependencies {
  /** Version of the package, for `--version`. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly signals: SignalSource;
  /** Ends the process at once: for a second signal, and for one during a long start. */
  readonly exit: (code: number) => void;
  readonly fetch: typeof fetch;
  /**
   * Asks the person at the terminal a question that yes or no answers; `undefined` where there is
   * none. Absent: the terminal of this process.
   */
  readonly confirm?: ((question: string) => Promise<boolean | undefined>) | undefined;
  /** Starts a host; rejects with a `SelvedgeError` that says what to mend. */
  readonly serve: (options: ServeOptions) => Promise<RunningHost>;
  /** Runs a command to its end and resolves with the exit code; rejects with a `SelvedgeError` when it cannot be run. */
  readonly run: (options: RunOptions) => Promise<number>;
  /** Explains a module; rejects with a `SelvedgeError` when the bytes are no module. */
  readonly explainModule: (bytes: Uint8Array, config: RawConfig) => Promise<ModuleExplanation>;
}
