import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WasiError } from '../errors.ts';
import type { InputStream, StreamError } from '../io/index.ts';
import { type Sandbox, codeOf, closed, sandbox } from './sandbox.ts';

const RW = { read: true, write: true };
const bytes = (text: string) => new TextEncoder().encode(text);

async function drain(stream: InputStream, length = 100_000n): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (;;) {
    try {
      parts.push(await stream.blockingRead(length));
    } catch (thrown) {
      if (thrown instanceof WasiError && payloadOf(thrown).tag === 'closed')
        return Buffer.concat(parts);
      throw thrown;
    }
  }
}

function payloadOf(error: WasiError<StreamError>): StreamError {
  return error.payload;
}

/** The file system's code of a failed stream operation. */
async function streamCode(box: Sandbox, work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return 'ok';
  } catch (thrown) {
    if (!(thrown instanceof WasiError)) throw thrown;
    const payload = payloadOf(thrown);
    if (payload.tag === 'closed') return 'closed';
    return box.filesystem['wasi:filesystem/types'].filesystemErrorCode(payload.val);
  }
}

test.each([1n, 777n, 100_000n, 2n ** 63n])(
  'a file of 300 kB read %d bytes at a time is what was written',
  async (length) => {
    await using box = await sandbox();
    const content = Buffer.from(
      Array.from({ length: length === 1n ? 500 : 300_000 }, (_, index) => (index * 31) % 251),
    );
    fs.writeFileSync(path.join(box.inside, 'file'), content);
    using file = await box.root.openAt({}, 'file', {}, { read: true });
    using stream = file.readViaStream(100n);
    expect((await drain(stream, length)).equals(content.subarray(100))).toBe(true);
  },
);

test('read streams start anywhere, a pollable brings the bytes, and they outlive their descriptor', async () => {
  await using box = await sandbox();
  fs.writeFileSync(path.join(box.inside, 'file'), 'hello');
  const file = await box.root.openAt({}, 'file', {}, { read: true });
  using beyond = file.readViaStream(2n ** 64n - 1n);
  expect(await drain(beyond)).toHaveLength(0);
  using stream = file.readViaStream(1n);
  file[Symbol.dispose]();
  using pollable = stream.subscribe();
  await pollable.block();
  expect(Buffer.from(stream.read(2n)).toString()).toBe('el');
  expect((await drain(stream)).toString()).toBe('lo');
});

test('a read stream gives what was written meanwhile, not what it had fetched', async () => {
  await using box = await sandbox();
  fs.writeFileSync(path.join(box.inside, 'file'), 'aaaaaaaa');
  using file = await box.root.openAt({}, 'file', {}, RW);
  using stream = file.readViaStream(0n);
  expect(Buffer.from(await stream.blockingRead(2n)).toString()).toBe('aa');
  await file.write(bytes('bbbb'), 4n);
  expect((await drain(stream)).toString()).toBe('aabbbb');
});

test('write streams write at their offset, append streams at the end, in order and behind a bounded queue', async () => {
  await using box = await sandbox();
  using file = await box.root.openAt({}, 'file', { create: true }, RW);
  using writer = file.writeViaStream(2n);
  expect(writer.checkWrite()).toBe(65_536n);
  writer.write(bytes('first '));
  writer.write(bytes('second'));
  expect(writer.checkWrite()).toBeLessThan(65_536n);
  await writer.blockingFlush();
  using appender = await file.appendViaStream();
  fs.appendFileSync(path.join(box.inside, 'file'), '|host|');
  await appender.blockingWriteAndFlush(bytes('end'));
  expect(fs.readFileSync(path.join(box.inside, 'file'), 'utf8')).toBe('\0\0first second|host|end');
  for (let round = 0; round < 40; round += 1) {
    const permit = (await writer.untilWritable()) ?? 0;
    expect(permit).toBeGreaterThan(0);
    expect(permit).toBeLessThanOrEqual(65_536);
    writer.checkWrite();
    writer.write(new Uint8Array(permit));
  }
  await writer.blockingFlush();
  expect((await file.stat()).size).toBeGreaterThan(65_536n);
});

test('what a write stream took is written although stream and descriptor are dropped', async () => {
  await using box = await sandbox();
  const file = await box.root.openAt({}, 'file', { create: true }, RW);
  const writer = file.writeViaStream(0n);
  writer.checkWrite();
  writer.write(bytes('kept'));
  writer[Symbol.dispose]();
  file[Symbol.dispose]();
  await closed(box.host, 1);
  expect(fs.readFileSync(path.join(box.inside, 'file'), 'utf8')).toBe('kept');
});

test('a failed write is told once with its code, then the stream is closed', async () => {
  await using box = await sandbox({ quota: { bytes: 10, files: 10 } });
  using file = await box.root.openAt({}, 'file', { create: true }, RW);
  using writer = file.writeViaStream(0n);
  const write = () => writer.blockingWriteAndFlush(new Uint8Array(11));
  expect(await streamCode(box, write)).toBe('quota');
  expect(await streamCode(box, write)).toBe('closed');
  expect(box.denials).toHaveLength(1);
  expect(await codeOf(() => file.writeViaStream(2n ** 60n))).toBe('file-too-large');
  expect((await file.stat()).size).toBe(0n);
});
