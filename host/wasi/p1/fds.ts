import { fail } from './errno.ts';
import { FDFLAGS, type Fd } from './fd-table.ts';
import { FILETYPE, inodeOf, newTimes, reserveFilestat, writeFilestat } from './filestat.ts';
import { totalOf } from './guest-memory.ts';
import type { Implementation, State } from './state.ts';
import { readStream, writeFile, writeStream } from './streams.ts';

const WHENCE = { set: 0, cur: 1, end: 2 } as const;
const MAX_ADVICE = 5;
const MAX_OFFSET = 2n ** 63n - 1n;

/** What works on a file descriptor alone. */
export function fdFunctions(state: State): Record<string, Implementation> {
  const { memory, fds, instance } = state;
  return {
    fd_advise(number: number, _offset: bigint, _length: bigint, advice: number) {
      const { descriptor } = fds.file(number, 'fd_advise');
      if (advice > MAX_ADVICE) fail('inval');
      descriptor.advise(0n, 0n, 'normal');
    },
    async fd_allocate(number: number, offset: bigint, length: bigint) {
      const { descriptor } = fds.file(number, 'fd_allocate');
      if (length === 0n || offset > MAX_OFFSET) fail('inval');
      if (offset + length > MAX_OFFSET) fail('fbig');
      const { size } = await descriptor.stat();
      if (offset + length > size) await descriptor.setSize(offset + length);
    },
    fd_close(number: number) {
      fds.close(number);
    },
    async fd_datasync(number: number) {
      await fds.onDisk(number, 'fd_datasync').descriptor.syncData();
    },
    async fd_sync(number: number) {
      await fds.onDisk(number, 'fd_sync').descriptor.sync();
    },
    fd_fdstat_get(number: number, result: number) {
      const fd = fds.get(number);
      const view = memory.structure(result, 24, 8);
      view.setUint16(result, filetypeOf(fd), true);
      view.setUint16(result + 2, fd.flags, true);
      view.setUint32(result + 4, 0, true);
      view.setBigUint64(result + 8, fd.rights, true);
      view.setBigUint64(result + 16, fd.inheriting, true);
    },
    fd_fdstat_set_flags(number: number, flags: number) {
      const fd = fds.get(number, 'fd_fdstat_set_flags');
      const changeable = FDFLAGS.append | FDFLAGS.nonblock;
      // How a file is written through to the disk is decided when it is opened.
      if ((flags & ~changeable) !== (fd.flags & ~changeable)) fail(flags > 31 ? 'inval' : 'notsup');
      fd.flags = flags;
    },
    fd_fdstat_set_rights(number: number, base: bigint, inheriting: bigint) {
      const fd = fds.get(number);
      if ((base & ~fd.rights) !== 0n || (inheriting & ~fd.inheriting) !== 0n) fail('notcapable');
      fd.rights = base;
      fd.inheriting = inheriting;
    },
    async fd_filestat_get(number: number, result: number) {
      const fd = fds.get(number, 'fd_filestat_get');
      reserveFilestat(state, result);
      if (fd.kind === 'input' || fd.kind === 'output') {
        return writeFilestat(state, result, STREAM_STAT, filetypeOf(fd), 0n);
      }
      const stat = await fd.descriptor.stat();
      writeFilestat(state, result, stat, FILETYPE[stat.type], await inodeOf(fd.descriptor));
    },
    async fd_filestat_set_size(number: number, size: bigint) {
      await fds.file(number, 'fd_filestat_set_size').descriptor.setSize(size);
    },
    async fd_filestat_set_times(
      number: number,
      access: bigint,
      modification: bigint,
      flags: number,
    ) {
      const { descriptor } = fds.onDisk(number, 'fd_filestat_set_times');
      await descriptor.setTimes(...newTimes(access, modification, flags));
    },
    async fd_pread(number: number, iovs: number, count: number, offset: bigint, result: number) {
      const { descriptor } = fds.file(number, 'fd_read', 'fd_seek');
      if (offset > MAX_OFFSET) fail('inval');
      memory.reserve(result, 4, 4);
      const buffers = memory.buffers(iovs, count);
      const [bytes] = await descriptor.read(BigInt(totalOf(buffers, instance.limits.copy)), offset);
      memory.scatter(buffers, bytes);
      memory.setU32(result, bytes.length);
    },
    async fd_read(number: number, iovs: number, count: number, result: number) {
      const fd = fds.get(number, 'fd_read');
      memory.reserve(result, 4, 4);
      const buffers = memory.buffers(iovs, count);
      if (fd.kind === 'input') return memory.setU32(result, await readStream(state, fd, buffers));
      if (fd.kind !== 'file') return fail(fd.kind === 'directory' ? 'isdir' : 'badf');
      const [bytes] = await fd.descriptor.read(
        BigInt(totalOf(buffers, instance.limits.copy)),
        fd.position,
      );
      fd.position += BigInt(bytes.length);
      memory.scatter(buffers, bytes);
      memory.setU32(result, bytes.length);
    },
    async fd_pwrite(number: number, iovs: number, count: number, offset: bigint, result: number) {
      const { descriptor } = fds.file(number, 'fd_write', 'fd_seek');
      if (offset > MAX_OFFSET) fail('inval');
      memory.reserve(result, 4, 4);
      const bytes = memory.gather(memory.buffers(iovs, count), instance.limits.copy);
      memory.setU32(result, Number(await descriptor.write(bytes, offset)));
    },
    async fd_write(number: number, iovs: number, count: number, result: number) {
      const fd = fds.get(number, 'fd_write');
      memory.reserve(result, 4, 4);
      const buffers = memory.buffers(iovs, count);
      if (fd.kind === 'output') return memory.setU32(result, await writeStream(state, fd, buffers));
      if (fd.kind !== 'file') return fail(fd.kind === 'directory' ? 'isdir' : 'badf');
      memory.setU32(result, await writeFile(state, fd, buffers));
    },
    fd_renumber(from: number, to: number) {
      fds.renumber(from, to);
    },
    async fd_seek(number: number, offset: bigint, whence: number, result: number) {
      // Asking where it stands needs no right to move it.
      const asks = whence === WHENCE.cur && offset === 0n;
      const fd = fds.file(number, asks ? 'fd_tell' : 'fd_seek');
      memory.reserve(result, 8, 8);
      if (whence > WHENCE.end) fail('inval');
      const from =
        whence === WHENCE.set
          ? 0n
          : whence === WHENCE.cur
            ? fd.position
            : (await fd.descriptor.stat()).size;
      const position = from + BigInt.asIntN(64, offset);
      if (position < 0n) fail('inval');
      if (position > MAX_OFFSET) fail('overflow');
      fd.position = position;
      memory.setU64(result, position);
    },
    fd_tell(number: number, result: number) {
      memory.setU64(result, fds.file(number, 'fd_tell').position);
    },
  };
}

const STREAM_STAT = {
  linkCount: 0n,
  size: 0n,
  dataAccessTimestamp: undefined,
  dataModificationTimestamp: undefined,
  statusChangeTimestamp: undefined,
};

function filetypeOf(fd: Fd): number {
  if (fd.kind === 'file') return FILETYPE['regular-file'];
  if (fd.kind === 'directory') return FILETYPE.directory;
  return fd.terminal ? FILETYPE['character-device'] : FILETYPE.unknown;
}
