import type { ArtifactStore } from './artifacts.ts';
import type { BlobCache } from './cache.ts';
import type { RecordStore } from './records.ts';

/** Everything one driver gives. */
export interface Store {
  readonly artifacts: ArtifactStore;
  readonly records: RecordStore;
  readonly cache: BlobCache;
  /** Lets another process have the data. Nothing of the store may be used afterwards; a second call does nothing. */
  close(): Promise<void>;
}
