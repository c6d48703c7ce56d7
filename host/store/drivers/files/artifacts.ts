import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { SelvedgeError } from '../../../base/index.ts';
import { storageFailure } from '../../errors.ts';
import { artifactCorrupt, artifactUnknown, checkDigest, stagedGone } from '../../failures.ts';
import { takeIn } from '../../intake.ts';
import {
  SHA256_HEX,
  type ArtifactEntry,
  type ArtifactStore,
  type StagedArtifact,
} from '../../artifacts.ts';
import {
  isMissing,
  readIfThere,
  syncDirectory,
  unlinkIfThere,
  writeAll,
  type Disk,
} from './disk.ts';
import type { Staging } from './staging.ts';

const EXTENSION = '.wasm';

/** Each artifact is `DIRECTORY/SHA256.wasm`; a damaged one becomes `SHA256.wasm.corrupt`. */
export function fileArtifacts(disk: Disk, directory: string, staging: Staging): ArtifactStore {
  const pathOf = (sha256: string) => {
    checkDigest(sha256);
    return join(directory, sha256 + EXTENSION);
  };

  return {
    async stage(source, options) {
      const { path, result } = await staging
        .write((file) => takeIn(source, options, (chunk) => writeAll(file, chunk)))
        .catch(rethrowSystem('keep the module'));
      return stagedFile(disk, staging, {
        ...result,
        path,
        target: pathOf(result.sha256),
        directory,
      });
    },

    async read(sha256) {
      const path = pathOf(sha256);
      const bytes = await readIfThere(disk, path).catch(
        rethrowSystem(`read the artifact ${sha256}`),
      );
      if (bytes === undefined) throw artifactUnknown(sha256);
      const found = createHash('sha256').update(bytes).digest('hex');
      if (found === sha256) return bytes;
      await disk
        .rename(path, `${path}.corrupt`)
        .catch(rethrowSystem(`set the damaged artifact ${sha256} aside`));
      throw artifactCorrupt(sha256, found, `${basename(path)}.corrupt`);
    },

    async has(sha256) {
      const path = pathOf(sha256);
      try {
        await disk.stat(path);
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw storageFailure(error, `look for the artifact ${sha256}`);
      }
    },

    async delete(sha256) {
      // Not synced: an artifact that comes back after a loss of power is unused, and collected at the next start.
      return unlinkIfThere(disk, pathOf(sha256)).catch(
        rethrowSystem(`delete the artifact ${sha256}`),
      );
    },

    async list() {
      try {
        const names = (await disk.readdir(directory)).map(({ name }) => name);
        const digests = names
          .filter((name) => name.endsWith(EXTENSION))
          .map((name) => name.slice(0, -EXTENSION.length))
          .filter((name) => SHA256_HEX.test(name))
          .toSorted();
        const entries: ArtifactEntry[] = [];
        for (const sha256 of digests) {
          const size = await sizeIfThere(disk, pathOf(sha256));
          if (size !== undefined) entries.push({ sha256, size });
        }
        return entries;
      } catch (error) {
        throw storageFailure(error, 'list the artifacts');
      }
    },
  };
}

interface StagedPlace extends ArtifactEntry {
  readonly path: string;
  readonly target: string;
  readonly directory: string;
}

function stagedFile(disk: Disk, staging: Staging, place: StagedPlace): StagedArtifact {
  const { sha256, size, path, target, directory } = place;
  let state: 'staged' | 'renamed' | 'committed' | 'discarded' = 'staged';
  return {
    sha256,
    size,
    async read() {
      if (state === 'discarded') throw stagedGone(sha256);
      return disk
        .readFile(state === 'staged' ? path : target)
        .catch(rethrowSystem('read the staged module'));
    },
    async commit() {
      if (state === 'discarded') throw stagedGone(sha256);
      try {
        if (state === 'staged') {
          const file = await disk.open(path, 'r+');
          try {
            await file.sync();
          } finally {
            await file.close();
          }
          await disk.rename(path, target);
          state = 'renamed';
        }
        if (state === 'renamed') {
          await syncDirectory(disk, directory);
          state = 'committed';
        }
      } catch (error) {
        throw storageFailure(error, `keep the artifact ${sha256}`);
      }
    },
    async discard() {
      if (state !== 'staged') return;
      state = 'discarded';
      await staging.drop(path).catch(rethrowSystem('remove a staged module'));
    },
  };
}

async function sizeIfThere(disk: Disk, path: string): Promise<number | undefined> {
  try {
    return (await disk.stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Errors of the system become a StoreError; those that `takeIn` or the caller's source made stay what they are. */
function rethrowSystem(doing: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof SelvedgeError ? error : storageFailure(error, doing);
  };
}
