import { WasiError } from '../errors.ts';
import type { OutputStream } from '../io/index.ts';
import { fail } from './errno.ts';
import { FDFLAGS, type FileFd, type InputFd, type OutputFd } from './fd-table.ts';
import { type GuestBuffer, totalOf } from './guest-memory.ts';
import type { State } from './state.ts';

/** Bytes read from a stream; none at its end, and `again` where waiting was ruled out. */
export async function readStream(
  { memory, instance }: State,
  fd: InputFd,
  buffers: readonly GuestBuffer[],
): Promise<number> {
  const wanted = BigInt(totalOf(buffers, instance.limits.copy));
  if (wanted === 0n) return 0;
  try {
    const waits = (fd.flags & FDFLAGS.nonblock) === 0;
    const bytes = waits ? await fd.stream.blockingRead(wanted) : fd.stream.read(wanted);
    if (bytes.length === 0) fail('again');
    memory.scatter(buffers, bytes);
    return bytes.length;
  } catch (thrown) {
    if (isClosed(thrown)) return 0;
    throw thrown;
  }
}

/** Bytes that the stream took: at least one, unless there was none to take. */
export async function writeStream(
  { memory, instance }: State,
  fd: OutputFd,
  buffers: readonly GuestBuffer[],
): Promise<number> {
  const bytes = memory.gather(buffers, instance.limits.copy);
  if (bytes.length === 0) return 0;
  const { stream } = fd;
  const waits = (fd.flags & FDFLAGS.nonblock) === 0;
  const permit = Number(stream.checkWrite()) || (waits ? await room(stream) : fail('again'));
  const part = bytes.subarray(0, permit);
  stream.write(part);
  stream.flush();
  return part.length;
}

/** Writes to a file: where it stands, or at its end. */
export async function writeFile(
  { memory, instance }: State,
  fd: FileFd,
  buffers: readonly GuestBuffer[],
): Promise<number> {
  const bytes = memory.gather(buffers, instance.limits.copy);
  if ((fd.flags & FDFLAGS.append) !== 0) return append(fd, bytes);
  const written = Number(await fd.descriptor.write(bytes, fd.position));
  fd.position += BigInt(written);
  return written;
}

async function append(fd: FileFd, bytes: Uint8Array): Promise<number> {
  fd.appender ??= await fd.descriptor.appendViaStream();
  const stream = fd.appender;
  try {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + (await room(stream)));
      stream.write(part);
      at += part.length;
    }
    await stream.blockingFlush();
  } catch (thrown) {
    // The stream takes nothing more after a failure, which the descriptor itself need not have.
    stream[Symbol.dispose]();
    fd.appender = undefined;
    throw thrown;
  }
  fd.position = (await fd.descriptor.stat()).size;
  return bytes.length;
}

/** How many bytes the stream takes, at least one, once it does. */
async function room(stream: OutputStream): Promise<number> {
  if ((await stream.untilWritable()) === undefined) fail('pipe');
  return Number(stream.checkWrite());
}

function isClosed(thrown: unknown): boolean {
  return (
    thrown instanceof WasiError &&
    (thrown.payload as { readonly tag?: unknown } | null)?.tag === 'closed'
  );
}
