import { describe, expect, it } from 'vitest';
import { createTextSink } from './text-sink.ts';

function lineOf(fields: Record<string, unknown>, colour = false): string {
  const lines: string[] = [];
  const sink = createTextSink({
    sink: { write: (line) => void lines.push(line), flush: async () => {} },
    colour,
  });
  sink.write(
    JSON.stringify({
      level: 'info',
      ts: '2026-11-24T03:04:05.678901234Z',
      'service.name': 'selvedge',
      trace_id: '0'.repeat(32),
      span_id: '0'.repeat(16),
      ...fields,
    }),
  );
  return lines.join('');
}

describe('the text sink', () => {
  it('says time, level, message and the other members', () => {
    expect(lineOf({ msg: 'request', path: '/a b', status: 200, trace_id: 'a'.repeat(32) })).toBe(
      `03:04:05.678 info  request path="/a b" status=200 trace=${'a'.repeat(32)}\n`,
    );
  });

  it("shows a guest's line as that function's output", () => {
    expect(
      lineOf({ source: 'guest', function: 'echo', stream: 'stderr', version: 3, msg: 'it says' }),
    ).toBe('03:04:05.678 info  echo stderr| it says version=3\n');
  });

  it('lets nothing of a value reach the terminal as a control sequence, nor begin a line', () => {
    const hostile = '\u001b[2J\u009b31m\r\nFORGED\u2028\u202e';
    const line = lineOf({ msg: hostile, path: hostile, [hostile]: hostile });
    // oxlint-disable-next-line no-control-regex -- finding control characters is what it is for
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    expect(line.match(/\n/g)).toHaveLength(1);
  });

  it('colours only where it is told to', () => {
    expect(lineOf({ msg: 'x' })).not.toContain('\u001b');
    expect(lineOf({ msg: 'x' }, true)).toContain('\u001b[32m');
  });
});
