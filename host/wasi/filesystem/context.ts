import type { WasiInstance } from '../instance.ts';
import { WasiError } from '../errors.ts';
import { failure, guestError } from './errno.ts';
import { FileSlots } from './open-file.ts';
import { PathEscape } from './path.ts';
import type { Preopen } from './preopen.ts';

/** A denied path is the guest's text: only so much of it goes into a log line. */
const QUOTED_LENGTH = 200;

/** Calls after which other events get their turn: at most some milliseconds of look-ups. */
const CALLS_PER_TURN = 64;

/** What one instance's file descriptors share. */
export class FilesystemContext {
  readonly instance: WasiInstance;
  readonly slots: FileSlots;
  /** Keys `metadata-hash`, so that it gives away no inode number. */
  readonly hashKey: Uint8Array;
  readonly #reported = new Set<string>();
  #calls = 0;

  constructor(instance: WasiInstance, hashKey: Uint8Array) {
    this.instance = instance;
    this.slots = new FileSlots(instance.limits.files);
    this.hashKey = hashKey;
  }

  /**
   * Awaited by every call. Immediate look-ups resolve without a turn of the event loop, so a guest
   * that does nothing else would keep all others, and its own deadline, waiting for ever.
   */
  async turn(): Promise<void> {
    this.#calls += 1;
    if (this.#calls % CALLS_PER_TURN !== 0) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.instance.check();
  }

  /** Throws `read-only` and reports it. */
  refuseChange(preopen: Preopen, operation: string): never {
    this.#denied(
      preopen,
      'read-only',
      `${operation} in ${preopen.guestPath}, which it may only read`,
      `dirs = ["HOST::${preopen.guestPath}:rw"]`,
    );
    throw failure('read-only');
  }

  /** What the guest gets for what an operation on `path` in `preopen` threw; denials are reported. */
  translate(preopen: Preopen, path: string | undefined, thrown: unknown): unknown {
    if (thrown instanceof PathEscape) {
      const quoted = path === undefined ? 'a path' : JSON.stringify(path.slice(0, QUOTED_LENGTH));
      this.#denied(
        preopen,
        'escape',
        `${quoted}, which leads out of ${preopen.guestPath}`,
        'grant the directory that it leads to: dirs = ["HOST::GUEST"]',
      );
      return failure('not-permitted', thrown);
    }
    if (thrown instanceof WasiError && thrown.payload === 'quota') {
      const { bytes, files } = preopen.quota.limits;
      this.#denied(
        preopen,
        'quota',
        `more than ${bytes} bytes or ${files} entries in ${preopen.guestPath}`,
        `raise its quota: dirs = ["HOST::${preopen.guestPath}:rw,quota=SIZE,files=COUNT"]`,
      );
    }
    return guestError(thrown);
  }

  /** Once for each reason and directory: a guest that tries again and again must not fill the log. */
  #denied(preopen: Preopen, reason: string, what: string, fix: string): void {
    const key = `${reason} ${preopen.guestPath}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.instance.denied({ capability: 'filesystem', what, fix });
  }
}
