import type { InputStream, OutputStream } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import * as data from './data.ts';
import type { DirectoryEntryStream } from './directory-stream.ts';
import {
  createDirectoryAt,
  linkAt,
  readlinkAt,
  removeDirectoryAt,
  renameAt,
  setTimes,
  setTimesAt,
  symlinkAt,
  unlinkFileAt,
} from './entries.ts';
import { failure } from './errno.ts';
import { openAt } from './open.ts';
import {
  type DescriptorStat,
  descriptorStat,
  type DescriptorType,
  type MetadataHash,
  metadataHash,
} from './stat.ts';
import {
  baseOf,
  type DescriptorFlags,
  type DescriptorState,
  inodeOf,
  type OpenFlags,
  type PathFlags,
} from './state.ts';
import { fdatasync, fsync } from './syscalls.ts';
import type { NewTimestamp } from './times.ts';
import { walk } from './walk.ts';

/** `wasi:filesystem/types.descriptor`. Every method throws the guest's `error-code` as a `WasiError`. */
export class Descriptor extends HostResource {
  readonly state: DescriptorState;

  /** Takes over `state.file`. */
  constructor(state: DescriptorState) {
    super(state.context.instance);
    this.state = state;
  }

  /** A descriptor for what was opened, or nothing left open when the instance cannot hold it. */
  static adopt(state: DescriptorState): Descriptor {
    return data.holding(
      () => state.file.release(),
      () => new Descriptor(state),
    );
  }

  readViaStream(offset: bigint): InputStream {
    return this.#try(() => data.inputStream(this.state, offset));
  }

  writeViaStream(offset: bigint): OutputStream {
    return this.#try(() => data.writeStream(this.state, offset));
  }

  appendViaStream(): Promise<OutputStream> {
    return this.#run(undefined, () => data.appendStream(this.state));
  }

  /** Advice that this host takes no notice of. */
  advise(_offset: bigint, _length: bigint, _advice: string): void {
    this.#try(() => inodeOf(this.state));
  }

  syncData(): Promise<void> {
    return this.#run(undefined, () => data.sync(this.state, fdatasync));
  }

  sync(): Promise<void> {
    return this.#run(undefined, () => data.sync(this.state, fsync));
  }

  getFlags(): DescriptorFlags {
    return this.#try(() => this.state.flags);
  }

  getType(): DescriptorType {
    return this.#try(() => this.state.type);
  }

  setSize(size: bigint): Promise<void> {
    return this.#run(undefined, () => data.setSize(this.state, size));
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): Promise<void> {
    return this.#run(undefined, () => setTimes(this.state, access, modification));
  }

  read(length: bigint, offset: bigint): Promise<[Uint8Array, boolean]> {
    return this.#run(undefined, () => data.read(this.state, length, offset));
  }

  write(buffer: Uint8Array, offset: bigint): Promise<bigint> {
    return this.#run(undefined, () => data.write(this.state, buffer, offset));
  }

  readDirectory(): Promise<DirectoryEntryStream> {
    return this.#run(undefined, () => data.readDirectory(this.state));
  }

  createDirectoryAt(path: string): Promise<void> {
    return this.#run(path, () => createDirectoryAt(this.state, path));
  }

  stat(): Promise<DescriptorStat> {
    return this.#run(undefined, async () =>
      descriptorStat(await this.state.preopen.lookups.fstat(this.state.file.fd)),
    );
  }

  statAt(pathFlags: PathFlags, path: string): Promise<DescriptorStat> {
    return this.#run(path, async () => descriptorStat(await this.#statOf(pathFlags, path)));
  }

  setTimesAt(
    pathFlags: PathFlags,
    path: string,
    access: NewTimestamp,
    modification: NewTimestamp,
  ): Promise<void> {
    return this.#run(path, () => setTimesAt(this.state, pathFlags, path, access, modification));
  }

  linkAt(
    pathFlags: PathFlags,
    path: string,
    directory: Descriptor,
    newPath: string,
  ): Promise<void> {
    const { state } = directory;
    return this.#run(path, () =>
      state.file.during(() => linkAt(this.state, pathFlags, path, state, newPath)),
    );
  }

  openAt(
    pathFlags: PathFlags,
    path: string,
    openFlags: OpenFlags,
    flags: DescriptorFlags,
  ): Promise<Descriptor> {
    return this.#run(path, async () =>
      Descriptor.adopt(await openAt(this.state, pathFlags, path, openFlags, flags)),
    );
  }

  readlinkAt(path: string): Promise<string> {
    return this.#run(path, () => readlinkAt(this.state, path));
  }

  removeDirectoryAt(path: string): Promise<void> {
    return this.#run(path, () => removeDirectoryAt(this.state, path));
  }

  renameAt(path: string, directory: Descriptor, newPath: string): Promise<void> {
    const { state } = directory;
    return this.#run(path, () =>
      state.file.during(() => renameAt(this.state, path, state, newPath)),
    );
  }

  symlinkAt(target: string, path: string): Promise<void> {
    return this.#run(path, () => symlinkAt(this.state, target, path));
  }

  unlinkFileAt(path: string): Promise<void> {
    return this.#run(path, () => unlinkFileAt(this.state, path));
  }

  isSameObject(other: Descriptor): boolean {
    const [mine, theirs] = [this.state.file, other.state.file];
    return mine.dev === theirs.dev && mine.ino === theirs.ino;
  }

  metadataHash(): Promise<MetadataHash> {
    return this.#run(undefined, async () =>
      this.#hash(await this.state.preopen.lookups.fstat(this.state.file.fd)),
    );
  }

  metadataHashAt(pathFlags: PathFlags, path: string): Promise<MetadataHash> {
    return this.#run(path, async () => this.#hash(await this.#statOf(pathFlags, path)));
  }

  #hash(stat: Parameters<typeof metadataHash>[1]): MetadataHash {
    return metadataHash(this.state.context.hashKey, stat);
  }

  async #statOf(pathFlags: PathFlags, path: string) {
    using target = await walk(
      baseOf(this.state),
      path,
      pathFlags.symlinkFollow ? 'follow' : 'object',
    );
    if (target.stat === undefined) throw failure('no-entry');
    return target.stat;
  }

  #try<T>(work: () => T): T {
    this.instance.check();
    return work();
  }

  /** Runs `work` with the descriptor kept open, until the instance is ended at the latest for the guest. */
  async #run<T>(path: string | undefined, work: () => Promise<T>): Promise<T> {
    this.instance.check();
    const { context, preopen, file } = this.state;
    const run = file
      .during(async () => {
        await context.turn();
        return work();
      })
      .catch((thrown: unknown) => {
        throw context.translate(preopen, path, thrown);
      });
    return this.instance.wait(run);
  }

  protected override onDispose(): void {
    this.state.file.release();
  }
}
