/** Why the cache forgot, or did not keep, an entry. */
export interface CacheFailure {
  readonly reason: 'corrupt' | 'unreadable' | 'unwritable' | 'too-large';
  /** `*` when it is about the cache as a whole. */
  readonly key: string;
  readonly cause?: unknown;
}

export type CacheReporter = (failure: CacheFailure) => void;

/**
 * Bytes that can be made again, such as compiled code. Bounded in size, the least recently used go first.
 * Nothing here ever throws: what goes wrong is a miss, and is told to the reporter.
 */
export interface BlobCache {
  /** The bytes exactly as they were put (their checksum is verified), or undefined. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Whether the entry was kept. It need not survive a loss of power. */
  put(key: string, bytes: Uint8Array): Promise<boolean>;
}
