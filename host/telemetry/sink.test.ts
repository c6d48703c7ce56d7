import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../base/index.ts';
import { countingMeter } from './meter.ts';
import { createDescriptorSink, type DescriptorWrite } from './sink.ts';
import { fakeClock } from './test-support.ts';

/** A descriptor whose writes end when, and as, the test says. */
function fakeDescriptor() {
  const calls: { text: string; done: (code: string | null, written?: number) => void }[] = [];
  const write: DescriptorWrite = (_, bytes, done) => {
    const text = Buffer.from(bytes).toString();
    calls.push({
      text,
      done: (code, written = bytes.length) =>
        done(code === null ? null : Object.assign(new Error(code), { code }), written),
    });
  };
  return { calls, write };
}

function setUp(maxBuffer = 100) {
  const { calls, write } = fakeDescriptor();
  const clock = fakeClock();
  const meter = countingMeter();
  const sink = createDescriptorSink({ fd: 2, clock, maxBuffer, meter, write });
  return { calls, clock, meter, sink };
}

describe('a descriptor sink', () => {
  it('writes lines in order, those that wait together', () => {
    const { calls, sink, meter } = setUp();
    for (const line of ['a\n', 'b\n', 'c\n']) sink.write(line);
    expect(calls.map(({ text }) => text)).toEqual(['a\n']);
    calls[0]?.done(null);
    expect(calls.map(({ text }) => text)).toEqual(['a\n', 'b\nc\n']);
    calls[1]?.done(null);
    expect(meter.read()).toMatchObject({ emittedLines: 3, emittedBytes: 6 });
  });

  it('goes on after a short write', () => {
    const { calls, sink } = setUp();
    sink.write('abcdef\n');
    calls[0]?.done(null, 2);
    expect(calls[1]?.text).toBe('cdef\n');
  });

  it('drops and counts what does not fit behind a blocked reader, and recovers', () => {
    const { calls, sink, meter } = setUp(10);
    for (let line = 0; line < 1000; line += 1) sink.write('1234\n');
    expect(calls.length).toBe(1);
    expect(meter.read().droppedLines['sink-full']).toBe(998);
    calls[0]?.done(null);
    calls[1]?.done(null);
    sink.write('after\n');
    expect(calls[2]?.text).toBe('after\n');
  });

  it('tries a full pipe again', () => {
    const { calls, sink, clock, meter } = setUp();
    sink.write('a\n');
    calls[0]?.done('EAGAIN', 0);
    expect(calls.length).toBe(1);
    clock.advance(20);
    expect(calls[1]?.text).toBe('a\n');
    calls[1]?.done(null);
    expect(meter.read()).toMatchObject({ emittedLines: 1, droppedLines: { 'sink-failed': 0 } });
  });

  it.each(['ENOSPC', 'EPIPE', 'EIO', 'EBADF'])(
    'counts what %s loses, waits, and starts on a new line',
    (code) => {
      const { calls, sink, clock, meter } = setUp();
      sink.write('abcdef\n');
      calls[0]?.done(null, 3);
      calls[1]?.done(code, 0);
      sink.write('later\n');
      expect(calls.length).toBe(2);
      expect(meter.read().droppedLines['sink-failed']).toBe(1);
      clock.advance(1000);
      expect(calls[2]?.text).toBe('\nlater\n');
      calls[2]?.done(null);
      expect(meter.read()).toMatchObject({ emittedLines: 1, emittedBytes: 6 });
    },
  );

  it('survives a write that throws', () => {
    const meter = countingMeter();
    const sink = createDescriptorSink({ fd: -1, clock: fakeClock(), meter });
    sink.write('a\n');
    expect(meter.read().droppedLines['sink-failed']).toBe(1);
  });

  it('flushes when all is written, and gives up on a blocked reader', async () => {
    const { calls, sink } = setUp();
    await sink.flush();
    sink.write('a\n');
    sink.write('b\n');
    let flushed = false;
    const flush = sink.flush().then(() => (flushed = true));
    calls[0]?.done(null);
    await Promise.resolve();
    expect(flushed).toBe(false);
    calls[1]?.done(null);
    await flush;
    sink.write('c\n');
    await sink.flush(1);
    expect(calls.length).toBe(3);
  });

  it('writes to a real file', async () => {
    const path = join(tmpdir(), `selvedge-sink-${process.pid}.log`);
    const fd = openSync(path, 'w');
    const sink = createDescriptorSink({ fd, clock: systemClock() });
    for (let line = 0; line < 5000; line += 1) sink.write(`${line} äöü\n`);
    await sink.flush();
    closeSync(fd);
    expect(readFileSync(path, 'utf8').split('\n').length).toBe(5001);
    rmSync(path);
  });
});
