import type { Component } from './model.ts';

/**
 * Host objects by `hostKey` of their interface (`wasi:http/types`, `wasi:http/types@0.3`), in jco's conventions:
 * plain objects of lower-camel-case functions, and classes for resources.
 */
export type HostImports = Readonly<Record<string, object>>;

/** What an instance exports: interfaces by their full name, functions by theirs, in jco's conventions. */
export type GuestExports = Readonly<Record<string, unknown>>;

export interface BindOptions {
  /** The component's bytes, of which `component` is the reading. */
  readonly bytes: Uint8Array;
  readonly component: Component;
  /** SHA-256 of `bytes`, in hex: the key of what is kept between starts. */
  readonly sha256: string;
  /** Imported functions that return a promise and so suspend the guest: `wasi:io/poll#poll`. */
  readonly blocking: readonly string[];
  /** Applied to each core module before it is compiled. */
  readonly transform: (module: Uint8Array) => Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** What a binder needs to know of an instance's life, and has to tell of it. */
export interface Lifetime {
  /** Calls `ending` when the instance is ended. */
  onEnd(ending: () => void): unknown;
  /** Code of the guest trapped, or what it called threw; nobody else may notice where no call waits for it. */
  trapped(thrown: unknown): void;
}

/** A component made ready: compiled once, instantiated any number of times. */
export interface BoundComponent {
  /** `core` for a core module, which needs no lifting and lowering. */
  readonly binder: Binder['name'] | 'core';
  /**
   * A new instance: its own memories, tables, globals and handle tables, sharing only compiled code.
   * Rejects with the guest's trap when its start function or initialisers trap.
   */
  instantiate(imports: HostImports, lifetime?: Lifetime): Promise<GuestExports>;
}

/**
 * Joins a component with host objects. All binders take the same host objects and give the same exports,
 * so that each can check another.
 */
export interface Binder {
  readonly name: 'jco' | 'direct';
  /** Throws `BinderError`: `component-unbindable` (the upload's fault) or `binder-failed` (ours). */
  bind(options: BindOptions): Promise<BoundComponent>;
}

/** Keeps what a binder has made between starts. Failing to keep is no failure: it is made again. */
export interface BinderCache {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, bytes: Uint8Array): Promise<unknown>;
}
