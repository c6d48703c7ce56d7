import { describe, expect, it } from 'vitest';
import { ManualClock } from '../test-support.ts';
import { Pace } from './pace.ts';

function pace() {
  const clock = new ManualClock();
  return {
    clock,
    pace: new Pace({ clock, timeoutMs: 60_000, minBytesPerSecond: 100, windowMs: 10_000 }),
  };
}

describe('Pace', () => {
  it('lets an upload be that is fast enough, until its deadline', () => {
    const { clock, pace: upload } = pace();
    for (let window = 0; window < 5; window++) {
      upload.received(1000);
      clock.advance(10_000);
      expect(upload.signal.aborted).toBe(false);
    }
    upload.received(1_000_000);
    clock.advance(10_000);
    expect(upload.signal.reason).toMatchObject({
      code: 'upload-timeout',
      status: 408,
      message: 'the upload was not whole in time',
    });
    expect(clock.waiting).toBe(0);
  });

  it('ends one that trickles, whatever it sent before', () => {
    const { clock, pace: upload } = pace();
    upload.received(1_000_000);
    clock.advance(10_000);
    upload.received(999);
    clock.advance(9_999);
    expect(upload.signal.aborted).toBe(false);
    clock.advance(1);
    expect(upload.signal.reason).toMatchObject({
      code: 'upload-timeout',
      message: 'the upload arrives too slowly',
    });
    expect(clock.waiting).toBe(0);
  });

  it('does nothing once it is over', () => {
    const { clock, pace: upload } = pace();
    upload[Symbol.dispose]();
    clock.advance(1_000_000);
    expect(upload.signal.aborted).toBe(false);
  });
});
