import type { ByteSource } from '../io/index.ts';
import { Wakers } from '../io/index.ts';
import { streamFailure } from './errno.ts';
import type { Inode } from './inode.ts';
import type { OpenFile } from './open-file.ts';
import { pread } from './syscalls.ts';

/** What is fetched when nobody says how much is wanted, and at least when somebody does. */
const CHUNK = 64 * 1024;
const LEAST = 8 * 1024;

/** The bytes of a file from an offset on, fetched when somebody waits for them. */
export class FileSource implements ByteSource {
  readonly #file: OpenFile;
  readonly #inode: Inode;
  readonly #most: number;
  readonly #wakers = new Wakers();
  #position: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #generation = 0;
  #fetching = false;
  #ended = false;
  #failure: { readonly thrown: unknown } | undefined;
  #closed = false;

  /** Keeps `file` open until it is closed. `most` bytes are fetched at once. */
  constructor(file: OpenFile, inode: Inode, offset: bigint, most: number) {
    this.#file = file.retain();
    this.#inode = inode;
    this.#most = most;
    // No file reaches beyond what a double counts exactly, so such an offset is at the end of any.
    this.#ended = offset > BigInt(Number.MAX_SAFE_INTEGER);
    this.#position = this.#ended ? 0 : Number(offset);
  }

  isReady(): boolean {
    // What was fetched before the file was changed is fetched anew: a guest reads what it wrote.
    if (this.#bytes.length > 0 && this.#generation !== this.#inode.generation)
      this.#bytes = new Uint8Array(0);
    return this.#bytes.length > 0 || this.#ended || this.#failure !== undefined;
  }

  subscribe(wake: () => void): () => void {
    const stop = this.#wakers.subscribe(wake);
    if (!this.isReady()) this.#fetch(CHUNK);
    return stop;
  }

  expect(max: number): void {
    if (!this.isReady()) this.#fetch(Math.max(max, LEAST));
  }

  read(max: number): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure.thrown;
    if (this.#bytes.length > 0) {
      const taken = this.#bytes.subarray(0, max);
      this.#bytes = this.#bytes.subarray(taken.length);
      this.#position += taken.length;
      return taken;
    }
    if (this.#ended) return undefined;
    this.#fetch(Math.max(max, LEAST));
    return this.#bytes;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#bytes = new Uint8Array(0);
    this.#file.release();
  }

  #fetch(length: number): void {
    if (this.#fetching || this.#closed) return;
    this.#fetching = true;
    void this.#fill(Math.min(length, this.#most));
  }

  async #fill(length: number): Promise<void> {
    const generation = this.#inode.generation;
    const into = new Uint8Array(length);
    try {
      const count = await this.#file.during(() => pread(this.#file.fd, into, this.#position));
      this.#generation = generation;
      this.#bytes = into.subarray(0, count);
      this.#ended = count === 0;
    } catch (thrown) {
      this.#failure = { thrown: streamFailure(thrown) };
    }
    this.#fetching = false;
    this.#wakers.wake();
    // A change while the fetch ran has made its bytes stale: whoever waits gets the new ones.
    if (!this.isReady() && !this.#closed) this.#fetch(length);
  }
}
