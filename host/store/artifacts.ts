/** What `stage` holds its source to. */
export interface StageOptions {
  /** Most bytes the source may give; one more is a StoreError `artifact-too-large` (413). */
  readonly maxBytes: number;
  /** Ends the staging; a source that hangs is not waited for. */
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that have arrived whole and that nobody can see yet. Ends by `commit` or `discard`. */
export interface StagedArtifact {
  /** Lower-case hexadecimal SHA-256 of the bytes. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes, whole. StoreError `staged-artifact-gone` once discarded. */
  read(): Promise<Uint8Array>;
  /**
   * Makes the artifact durable under its digest; replaces a copy that is there already, which mends
   * a damaged one. A second call does nothing.
   */
  commit(): Promise<void>;
  /** Forgets the bytes unless they are committed. May be called at any time, any number of times. */
  discard(): Promise<void>;
}

export interface ArtifactEntry {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Immutable bytes, each found by the SHA-256 of itself. */
export interface ArtifactStore {
  /**
   * Takes `source` in, chunk by chunk, with its digest. On any failure nothing of it remains.
   *
   * Throws StoreError `artifact-too-large` (413), `stage-aborted` (400, 408 when the signal's reason is a
   * TimeoutError), `source-failed` (400), `storage-full` (507), `storage-failed` (503). A source or
   * signal that fails with an error of this project fails the staging with that very error.
   */
  stage(source: AsyncIterable<Uint8Array>, options: StageOptions): Promise<StagedArtifact>;
  /**
   * The bytes, their digest checked. Throws StoreError `artifact-unknown` (404), or `artifact-corrupt` (500)
   * when the digest does not match: the copy is then set aside for inspection and no longer listed.
   */
  read(sha256: string): Promise<Uint8Array>;
  has(sha256: string): Promise<boolean>;
  /** False when there was none. */
  delete(sha256: string): Promise<boolean>;
  /** In the order of the digests. */
  list(): Promise<ArtifactEntry[]>;
}

export const SHA256_HEX = /^[0-9a-f]{64}$/;
