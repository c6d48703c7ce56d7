import { InputStream, OutputStream } from '../io/index.ts';
import { HostResource } from '../resource.ts';
import { DirectoryEntryStream } from './directory-stream.ts';
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
import { FileSink } from './file-sink.ts';
import { FileSource } from './file-source.ts';
import type { Inode } from './inode.ts';
import type { OpenFile } from './open-file.ts';
import { openAt, openForAppend } from './open.ts';
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
  requireReadable,
  requireWritable,
} from './state.ts';
import { fdatasync, fsync, opendir, pread, syncDirectory } from './syscalls.ts';
import type { NewTimestamp } from './times.ts';
import { walk } from './walk.ts';

/** Beyond it no file has bytes and the host counts no more exactly. */
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER);

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
    return holding(state.file, () => new Descriptor(state));
  }

  readViaStream(offset: bigint): InputStream {
    return this.#try(() => {
      const source = new FileSource(
        this.state.file,
        requireReadable(this.state),
        offset,
        this.instance.limits.copy,
      );
      return holding(
        { release: () => source.close() },
        () => new InputStream(this.instance, source),
      );
    });
  }

  writeViaStream(offset: bigint): OutputStream {
    return this.#try(() => {
      const inode = requireWritable(this.state, 'write');
      if (offset > MAX_OFFSET) throw failure('file-too-large');
      return this.#outputStream(this.state.file.retain(), inode, Number(offset));
    });
  }

  appendViaStream(): Promise<OutputStream> {
    return this.#run(undefined, async () => {
      const inode = requireWritable(this.state, 'append');
      return this.#outputStream(await openForAppend(this.state), inode, 'end');
    });
  }

  /** Advice that this host takes no notice of. */
  advise(_offset: bigint, _length: bigint, _advice: string): void {
    this.#try(() => inodeOf(this.state));
  }

  syncData(): Promise<void> {
    return this.#sync(fdatasync);
  }

  sync(): Promise<void> {
    return this.#sync(fsync);
  }

  getFlags(): DescriptorFlags {
    return this.#try(() => this.state.flags);
  }

  getType(): DescriptorType {
    return this.#try(() => this.state.type);
  }

  setSize(size: bigint): Promise<void> {
    return this.#run(undefined, async () => {
      const inode = requireWritable(this.state, 'set a size');
      if (size > MAX_OFFSET) throw failure('file-too-large');
      await inode.resize(this.state.file.fd, Number(size));
    });
  }

  setTimes(access: NewTimestamp, modification: NewTimestamp): Promise<void> {
    return this.#run(undefined, () => setTimes(this.state, access, modification));
  }

  /** At most `limits.copy` bytes, and no more memory than the file has bytes left. */
  read(length: bigint, offset: bigint): Promise<[Uint8Array, boolean]> {
    return this.#run(undefined, async () => {
      requireReadable(this.state);
      const { fd } = this.state.file;
      const { size } = await this.state.preopen.lookups.fstat(fd);
      if (offset >= size || offset > MAX_OFFSET) return [new Uint8Array(0), true];
      const wanted = least(length, BigInt(this.instance.limits.copy), size - offset);
      const into = new Uint8Array(wanted);
      const count = wanted === 0 ? 0 : await pread(fd, into, Number(offset));
      return [into.subarray(0, count), count === 0 || offset + BigInt(count) >= size];
    });
  }

  /** At most `limits.copy` bytes; tells how many. */
  write(buffer: Uint8Array, offset: bigint): Promise<bigint> {
    return this.#run(undefined, async () => {
      const inode = requireWritable(this.state, 'write');
      const bytes = buffer.subarray(0, this.instance.limits.copy);
      if (bytes.length === 0) return 0n;
      if (offset > MAX_OFFSET - BigInt(bytes.length)) throw failure('file-too-large');
      await inode.write(this.state.file.fd, bytes, Number(offset));
      return BigInt(bytes.length);
    });
  }

  readDirectory(): Promise<DirectoryEntryStream> {
    return this.#run(undefined, async () => {
      const { context, file } = this.state;
      baseOf(this.state);
      const free = context.slots.take();
      try {
        const entries = await opendir(file.fd);
        try {
          const stream = new DirectoryEntryStream(this.instance, file, entries, free);
          file.retain();
          return stream;
        } catch (thrown) {
          await entries.close();
          throw thrown;
        }
      } catch (thrown) {
        free();
        throw thrown;
      }
    });
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

  /** Waits for the changes that were asked for before; does nothing for what cannot have been changed through it. */
  #sync(syncFile: (fd: number) => Promise<void>): Promise<void> {
    return this.#run(undefined, async () => {
      const { file, flags, inode } = this.state;
      if (inode !== undefined && flags.write) await inode.exclusive(() => syncFile(file.fd));
      else if (flags.mutateDirectory) await syncDirectory(file.fd);
    });
  }

  #outputStream(file: OpenFile, inode: Inode, start: number | 'end'): OutputStream {
    const { context, preopen } = this.state;
    let position = start;
    const write = async (bytes: Uint8Array) => {
      try {
        await inode.write(file.fd, bytes, position);
        if (position !== 'end') position += bytes.length;
      } catch (thrown) {
        throw context.translate(preopen, undefined, thrown);
      }
    };
    const sink = new FileSink(write, () => file.release());
    return holding({ release: () => sink.close() }, () => new OutputStream(this.instance, sink));
  }

  #try<T>(work: () => T): T {
    this.instance.check();
    return work();
  }

  /** Runs `work` with the descriptor kept open, until the instance is ended at the latest for the guest. */
  async #run<T>(path: string | undefined, work: () => Promise<T>): Promise<T> {
    this.instance.check();
    const { context, preopen, file } = this.state;
    const run = file.during(work).catch((thrown: unknown) => {
      throw context.translate(preopen, path, thrown);
    });
    return this.instance.wait(run);
  }

  protected override onDispose(): void {
    this.state.file.release();
  }
}

function holding<T>(held: { release(): void }, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    held.release();
    throw thrown;
  }
}

function least(...values: readonly bigint[]): number {
  return Number(values.reduce((smallest, value) => (value < smallest ? value : smallest)));
}
