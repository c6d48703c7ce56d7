import { InputStream, OutputStream } from '../io/index.ts';
import { DirectoryEntryStream } from './directory-stream.ts';
import { failure } from './errno.ts';
import { FileSink } from './file-sink.ts';
import { FileSource } from './file-source.ts';
import { openForAppend } from './open.ts';
import type { OpenFile } from './open-file.ts';
import {
  baseOf,
  type DescriptorState,
  inodeOf,
  requireReadable,
  requireWritable,
} from './state.ts';
import { opendir, pread, syncDirectory } from './syscalls.ts';

/** Beyond it no file has bytes and the host counts no more exactly. */
const MAX_OFFSET = BigInt(Number.MAX_SAFE_INTEGER);

/** `descriptor.read`: at most `limits.copy` bytes, and no more memory than the file has bytes left. */
export async function read(
  state: DescriptorState,
  length: bigint,
  offset: bigint,
): Promise<[Uint8Array, boolean]> {
  requireReadable(state);
  const { fd } = state.file;
  const { size } = await state.preopen.lookups.fstat(fd);
  if (offset >= size || offset > MAX_OFFSET) return [new Uint8Array(0), true];
  const wanted = least(length, BigInt(state.context.instance.limits.copy), size - offset);
  const into = new Uint8Array(wanted);
  const count = wanted === 0 ? 0 : await pread(fd, into, Number(offset));
  return [into.subarray(0, count), count === 0 || offset + BigInt(count) >= size];
}

/** `descriptor.write`: at most `limits.copy` bytes; tells how many. */
export async function write(
  state: DescriptorState,
  buffer: Uint8Array,
  offset: bigint,
): Promise<bigint> {
  const inode = requireWritable(state, 'write');
  const bytes = buffer.subarray(0, state.context.instance.limits.copy);
  if (bytes.length === 0) return 0n;
  if (offset > MAX_OFFSET - BigInt(bytes.length)) throw failure('file-too-large');
  await inode.write(state.file.fd, bytes, Number(offset));
  return BigInt(bytes.length);
}

/** `descriptor.set-size` */
export async function setSize(state: DescriptorState, size: bigint): Promise<void> {
  const inode = requireWritable(state, 'set a size');
  if (size > MAX_OFFSET) throw failure('file-too-large');
  await inode.resize(state.file.fd, Number(size));
}

/** `descriptor.sync`: after the changes asked for before it; nothing for what cannot have been changed through it. */
export async function sync(
  { file, flags, inode }: DescriptorState,
  syncFile: (fd: number) => Promise<void>,
): Promise<void> {
  if (inode !== undefined && flags.write) await inode.exclusive(() => syncFile(file.fd));
  else if (flags.mutateDirectory) await syncDirectory(file.fd);
}

/** `descriptor.read-via-stream` */
export function inputStream(state: DescriptorState, offset: bigint): InputStream {
  const { instance } = state.context;
  const source = new FileSource(state.file, requireReadable(state), offset, instance.limits.copy);
  return holding(
    () => source.close(),
    () => new InputStream(instance, source),
  );
}

/** `descriptor.write-via-stream` */
export function writeStream(state: DescriptorState, offset: bigint): OutputStream {
  requireWritable(state, 'write');
  if (offset > MAX_OFFSET) throw failure('file-too-large');
  return outputStream(state, state.file.retain(), Number(offset));
}

/** `descriptor.append-via-stream` */
export async function appendStream(state: DescriptorState): Promise<OutputStream> {
  requireWritable(state, 'append');
  return outputStream(state, await openForAppend(state), 'end');
}

/** `descriptor.read-directory` */
export async function readDirectory(state: DescriptorState): Promise<DirectoryEntryStream> {
  const { context, file } = state;
  baseOf(state);
  const free = context.slots.take();
  try {
    const entries = await opendir(file.fd);
    try {
      const stream = new DirectoryEntryStream(context.instance, file, entries, free);
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
}

/** Takes over a use of `file`. */
function outputStream(state: DescriptorState, file: OpenFile, start: number | 'end'): OutputStream {
  const { context, preopen } = state;
  const inode = inodeOf(state);
  let position = start;
  const writeAll = async (bytes: Uint8Array) => {
    try {
      await inode.write(file.fd, bytes, position);
      if (position !== 'end') position += bytes.length;
    } catch (thrown) {
      throw context.translate(preopen, undefined, thrown);
    }
  };
  const sink = new FileSink(writeAll, () => file.release());
  return holding(
    () => sink.close(),
    () => new OutputStream(context.instance, sink),
  );
}

/** What `make` makes, or `release` called when the instance cannot hold it. */
export function holding<T>(release: () => void, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    release();
    throw thrown;
  }
}

function least(...values: readonly bigint[]): number {
  return Number(values.reduce((smallest, value) => (value < smallest ? value : smallest)));
}
