import type { Dir, Dirent } from 'node:fs';
import type { WasiInstance } from '../instance.ts';
import { HostResource } from '../resource.ts';
import { guestError } from './errno.ts';
import type { OpenFile } from './open-file.ts';
import { textOf } from './path.ts';
import type { DescriptorType } from './stat.ts';
import { entryName } from './syscalls.ts';

/** `wasi:filesystem/types.directory-entry`. */
export interface DirectoryEntry {
  readonly type: DescriptorType;
  readonly name: string;
}

/**
 * `wasi:filesystem/types.directory-entry-stream`: a directory read a few entries at a time, however many
 * it has. Entries whose names are not UTF-8 are left out: no path of this API can name them.
 */
export class DirectoryEntryStream extends HostResource {
  readonly #directory: OpenFile;
  readonly #entries: Dir;
  readonly #freed: () => void;
  #ended = false;
  #last: Promise<unknown> = Promise.resolve();

  /** Takes over `entries` and a use of `directory`; calls `freed` when both are closed. */
  constructor(instance: WasiInstance, directory: OpenFile, entries: Dir, freed: () => void) {
    super(instance);
    this.#directory = directory;
    this.#entries = entries;
    this.#freed = freed;
  }

  /** The next entry, `undefined` at the end and from then on. */
  readDirectoryEntry(): Promise<DirectoryEntry | undefined> {
    this.instance.check();
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => {});
    return this.instance.wait(next);
  }

  async #next(): Promise<DirectoryEntry | undefined> {
    for (;;) {
      if (this.#ended || this.disposed) return undefined;
      let entry: Dirent | null;
      try {
        entry = await this.#entries.read();
      } catch (thrown) {
        throw guestError(thrown);
      }
      if (entry === null) {
        this.#ended = true;
        return undefined;
      }
      const name = textOf(entryName(entry));
      if (name !== undefined) return { type: entryType(entry), name };
    }
  }

  protected override onDispose(): void {
    // After the call in flight, if there is one, which still uses the directory. What closing reports
    // is of no use to anybody: the guest has let go.
    void this.#last
      .then(() => this.#entries.close())
      .catch(() => {})
      .finally(() => {
        this.#directory.release();
        this.#freed();
      });
  }
}

function entryType(entry: Dirent): DescriptorType {
  if (entry.isFile()) return 'regular-file';
  if (entry.isDirectory()) return 'directory';
  if (entry.isSymbolicLink()) return 'symbolic-link';
  if (entry.isFIFO()) return 'fifo';
  if (entry.isSocket()) return 'socket';
  if (entry.isBlockDevice()) return 'block-device';
  if (entry.isCharacterDevice()) return 'character-device';
  return 'unknown';
}
