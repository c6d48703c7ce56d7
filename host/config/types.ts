import type { Limits } from './limits.ts';

/** A function's configuration with every default filled in. Plain JSON, so workers may be sent it. */
export interface FunctionConfig {
  /** Absolute path of the module; only in a manifest. */
  readonly module?: string;
  readonly routes: readonly Route[];
  /** `request`: every request sees fresh state; `instance`: requests may share an instance. */
  readonly isolation: Isolation;
  readonly grants: Grants;
  readonly limits: Limits;
}

export type Isolation = 'request' | 'instance';

/** `"GET /telemetry/*"` taken apart. */
export interface Route {
  /** As the user wrote it. */
  readonly source: string;
  /** Case-sensitive token (RFC 9110 section 9.1); absent for any method. */
  readonly method?: string;
  /** The path; with `wildcard`, what stands before the `*`, so it ends in `/`. */
  readonly path: string;
  /** Whether the last segment is `*`: it matches the rest, also an empty one. */
  readonly wildcard: boolean;
}

/** What a function may touch. Nothing is granted that is not here. */
export interface Grants {
  readonly dirs: readonly DirGrant[];
  readonly env: Readonly<Record<string, string>>;
  readonly clocks: ClockGrant;
  readonly poll: boolean;
  readonly random: boolean;
  readonly http: readonly HttpGrant[];
  readonly sockets: readonly SocketGrant[];
}

export interface DirGrant {
  /** Absolute path of a directory of the host. */
  readonly host: string;
  /** Absolute, normalised path that the guest sees; unique within a function. */
  readonly guest: string;
  readonly mode: 'ro' | 'rw';
  /** Most bytes that may be written under it; 0 where `mode` is `ro`. */
  readonly quota: number;
  /** Most files and directories that may be created under it; 0 where `mode` is `ro`. */
  readonly files: number;
}

export interface ClockGrant {
  /** Always on: nothing useful runs without it. */
  readonly monotonic: true;
  readonly wall: boolean;
  /** ns between two readings that may differ; 1 is as fine as the machine gives. */
  readonly resolution: number;
}

/** One `http` entry: where to, and which non-public addresses that may resolve to. */
export interface HttpGrant {
  readonly origin: OriginPattern;
  readonly addresses: readonly AddressRange[];
}

export interface OriginPattern {
  /** As the user wrote it. */
  readonly source: string;
  readonly scheme: 'http' | 'https' | '*';
  readonly host: HostPattern;
  /** `default`: 80 for http, 443 for https. */
  readonly port: number | 'default' | '*';
}

export type HostPattern =
  | { readonly kind: 'any' }
  /** Every name below `suffix`, which itself it does not match. */
  | { readonly kind: 'suffix'; readonly suffix: string }
  | CanonicalHost;

/** A host as the WHATWG URL standard writes it: ASCII, lower case, addresses in one form. */
export type CanonicalHost =
  | { readonly kind: 'name'; readonly name: string }
  /** An IPv6 address stands without brackets. */
  | { readonly kind: 'address'; readonly address: string; readonly family: 4 | 6 };

/** An address block, RFC 4632 / RFC 4291 section 2.3; one address is a block of full length. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
  readonly family: 4 | 6;
}

/** One `sockets` entry: to where connections may be opened, or where they may be waited for. */
export interface SocketGrant {
  /** As the user wrote it; of a `listen` table, the text that says the same. */
  readonly source: string;
  readonly direction: 'connect' | 'listen';
  readonly protocol: 'tcp' | 'udp' | '*';
  /** An address or `any` where one listens. */
  readonly host: HostPattern;
  readonly port: number | '*';
  /** Non-public addresses that the host may resolve to; empty where one listens. */
  readonly addresses: readonly AddressRange[];
}

/** The `[host]` table; what it does not name is absent, so that flags and defaults can be laid over it. */
export interface HostConfig {
  /** `HOST:PORT` of the edge. */
  readonly listen?: string;
  /** `HOST:PORT` of the admin API. */
  readonly adminListen?: string;
  /** Absolute path of the directory of everything that is kept. */
  readonly data?: string;
  /** Number of worker processes, at least 1. */
  readonly workers?: number;
  readonly logLevel?: LogLevel;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A manifest that has been read and checked. */
export interface Manifest {
  /** Absolute path of the file. */
  readonly path: string;
  readonly host: HostConfig;
  /** In the file's order. */
  readonly functions: readonly ManifestFunction[];
}

export interface ManifestFunction {
  readonly name: string;
  /** Absolute path of the module. */
  readonly module: string;
  /** The table as written, without `module`, with relative host directories made absolute: what an upload would carry. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly config: FunctionConfig;
}
