import type { JsonObject, StagedArtifact } from '../store/index.ts';

/** What is known of a module when it is published; the registry keeps it and never looks inside. */
export interface VersionFacts {
  /** How the guest is called, such as `http-0.2`. */
  readonly lane: string;
  /** What binds it to the host, such as `jco`. */
  readonly binder: string;
  /** The function's configuration as the user wrote it. */
  readonly config: JsonObject;
  readonly origin: 'upload' | 'manifest';
  readonly warnings: readonly string[];
}

/** Code and configuration. Deeply frozen. */
export interface FunctionVersion extends VersionFacts {
  readonly name: string;
  /** 1, 2, 3… in the order of publishing; never given twice while the function exists. */
  readonly version: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Bytes of the module. */
  readonly size: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
}

/** Why something cannot be served, and what to do about it. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** `quarantined`: the active version, or the record that names it, is damaged; `problem` says how. */
export type FunctionStatus = 'active' | 'inactive' | 'quarantined';

/** A function as it is at one moment. Frozen: a change makes a new one. */
export interface FunctionEntry {
  readonly name: string;
  readonly status: FunctionStatus;
  /** The version that requests go to; undefined when inactive or quarantined. */
  readonly active: FunctionVersion | undefined;
  /** The version that should be active, where its record can be read: the active one, or one whose module is damaged. */
  readonly intended: FunctionVersion | undefined;
  /** Versions that were active before, the latest last: what `rollback` goes back through. */
  readonly history: readonly number[];
  readonly problem: Problem | undefined;
  /** RFC 3339: of the last publish or activation; undefined when the record of it is damaged. */
  readonly updatedAt: string | undefined;
}

/** A version that is there and cannot be used. */
export interface DamagedVersion {
  readonly name: string;
  readonly version: number;
  readonly problem: Problem;
}

export interface PublishOptions {
  /** Whether requests go to the new version at once. */
  readonly activate: boolean;
}

export interface PublishResult {
  /** `unchanged`: the manifest asked for what is active already, and nothing was written. */
  readonly outcome: 'published' | 'unchanged';
  readonly version: FunctionVersion;
  readonly active: boolean;
}

/** Told after the change is durable, in the order of the changes of a function. */
export interface RegistryChange {
  readonly kind:
    | 'published'
    | 'activated'
    | 'rolled-back'
    | 'deactivated'
    | 'removed'
    | 'quarantined'
    | 'recovered';
  readonly name: string;
  /** The active version before and after; equal when only another version was added. */
  readonly before: FunctionVersion | undefined;
  readonly after: FunctionVersion | undefined;
}

/** The part of pino's interface that the registry needs. */
export interface RegistryLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** All writes may fail with a StoreError (`storage-full`, `storage-failed`); then the old state stands. */
export interface Registry {
  /**
   * Makes the staged module a new version: artifact, then version record, then the pointer, each durable before
   * the next. Ends the staging in every case. Publishes of one name run in the order of their calls.
   *
   * RegistryError `name-invalid`.
   */
  publish(
    name: string,
    staged: StagedArtifact,
    facts: VersionFacts,
    options: PublishOptions,
  ): Promise<PublishResult>;
  /** RegistryError `function-unknown`, `version-unknown`, `version-damaged`. Activating the active version changes nothing. */
  activate(name: string, version: number): Promise<FunctionVersion>;
  /**
   * Back to the version active before this one; again, to the one before that.
   * RegistryError `function-unknown`, `function-quarantined`, `nothing-to-roll-back-to`, `version-damaged`.
   */
  rollback(name: string): Promise<FunctionVersion>;
  /** No requests any more, versions kept; `rollback` or `activate` brings it back. RegistryError `function-unknown`, `function-quarantined`. */
  deactivate(name: string): Promise<void>;
  /** The function with all its versions, and the artifacts that nothing else uses. RegistryError `function-unknown`. */
  remove(name: string): Promise<void>;
  get(name: string): FunctionEntry | undefined;
  /** In the order of the names. */
  list(): readonly FunctionEntry[];
  /** All whole versions, the oldest first. RegistryError `function-unknown`. */
  versions(name: string): readonly FunctionVersion[];
  /** Versions that are there and cannot be used. RegistryError `function-unknown`. */
  damaged(name: string): readonly DamagedVersion[];
  /** RegistryError `function-unknown`, `version-unknown`, `version-damaged`. */
  version(name: string, version: number): FunctionVersion;
  /**
   * The module, its digest checked. RegistryError `artifact-unknown`, `artifact-corrupt`; the latter
   * quarantines the functions whose active version it is.
   */
  artifact(sha256: string): Promise<Uint8Array>;
  /** Listeners must not throw; one that does is logged and the others are still told. Returns the cancellation. */
  subscribe(listener: (change: RegistryChange) => void): () => void;
}
