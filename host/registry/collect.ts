import type { ArtifactStore, Serial } from '../store/index.ts';
import type { RegistryLogger } from './model.ts';
import type { FunctionState } from './state.ts';

export interface CollectorOptions {
  readonly artifacts: ArtifactStore;
  /** Serialises storing and deleting by digest. */
  readonly serial: Serial;
  readonly states: ReadonlyMap<string, FunctionState>;
  readonly logger: RegistryLogger;
}

/** Deletes artifacts that no version needs, and never one that a publish is about to need. */
export interface Collector {
  /** Stores an artifact and keeps it from being deleted until the returned function is called. */
  hold(sha256: string, store: () => Promise<void>): Promise<() => void>;
  /** Deletes those of the digests that nothing needs. Never fails: what stays is collected at the next start. */
  collect(digests: Iterable<string>): Promise<void>;
}

export function createCollector({
  artifacts,
  serial,
  states,
  logger,
}: CollectorOptions): Collector {
  const held = new Map<string, number>();
  const release = (sha256: string) => {
    const left = (held.get(sha256) ?? 0) - 1;
    if (left > 0) held.set(sha256, left);
    else held.delete(sha256);
  };
  const needed = (sha256: string) => {
    if (held.has(sha256)) return true;
    for (const { versions } of states.values()) {
      for (const version of versions.values()) if (version.sha256 === sha256) return true;
    }
    return false;
  };

  return {
    hold: (sha256, store) =>
      serial.run(sha256, async () => {
        held.set(sha256, (held.get(sha256) ?? 0) + 1);
        try {
          await store();
        } catch (error) {
          release(sha256);
          throw error;
        }
        return () => release(sha256);
      }),

    async collect(digests) {
      for (const { name, damaged } of states.values()) {
        if (damaged.size === 0) continue;
        // A record that cannot be read may name any artifact, and a backup may bring it back.
        logger.info(
          { function: name },
          'artifacts are not collected while a version record is damaged',
        );
        return;
      }
      for (const sha256 of new Set(digests)) {
        try {
          await serial.run(sha256, async () => {
            if (!needed(sha256)) await artifacts.delete(sha256);
          });
        } catch (error) {
          logger.warn(
            { sha256, err: error },
            'an artifact that nothing needs could not be deleted',
          );
        }
      }
    },
  };
}
