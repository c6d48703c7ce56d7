import { describe, expect, it } from 'vitest';
import {
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
  startTrace,
} from './trace-context.ts';

const T = '0af7651916cd43dd8448eb211c80319c';
const P = 'b7ad6b7169203331';
const random = (count: number) => new Uint8Array(count).fill(0xab);

describe('traceparent', () => {
  it.each([
    [`00-${T}-${P}-01`, true],
    [`00-${T}-${P}-00`, false],
    [`00-${T}-${P}-03`, true],
    [`00-${T}-${P}-fe`, false],
    [`cc-${T}-${P}-01`, true],
    [`cc-${T}-${P}-01-what-the-future-will-be-like`, true],
    [`fe-${T}-${P}-01-`, true],
  ])('%s is read', (header, sampled) => {
    expect(parseTraceparent(header)).toEqual({ traceId: T, parentId: P, sampled });
  });

  it.each([
    undefined,
    '',
    `00-${T}-${P}-01-`,
    `00-${T}-${P}-01-extra`,
    `cc-${T}-${P}-01.what`,
    `cc-${T}-${P}-010`,
    `ff-${T}-${P}-01`,
    `00-${'0'.repeat(32)}-${P}-01`,
    `00-${T}-${'0'.repeat(16)}-01`,
    `00-${T.toUpperCase()}-${P}-01`,
    `00-${T}-${P.toUpperCase()}-01`,
    `00-${T}-${P}-0A`,
    `0A-${T}-${P}-01`,
    `00-${T.slice(1)}-${P}-01`,
    `00-${T}0-${P}-01`,
    `00-${T}-${P}-1`,
    `00-${T}-${P}`,
    `00_${T}_${P}_01`,
    ` 00-${T}-${P}-01`,
    `00-${T}-${P}-01 `,
    `00-${T}-${P}-01\n`,
    `00-${T}-${P}-01,00-${T}-${P}-01`,
    `.0-${T}-${P}-01`,
    `00-${T.replace('0', 'g')}-${P}-01`,
  ])('%j is refused', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('continues a trace in a new span, and starts one where there is none', () => {
    const context = startTrace(`00-${T}-${P}-00`, random);
    expect(context).toEqual({ traceId: T, spanId: 'ab'.repeat(8), parentId: P, sampled: false });
    expect(formatTraceparent(context)).toBe(`00-${T}-${'ab'.repeat(8)}-00`);
    const fresh = startTrace('garbage', random);
    expect(fresh).toEqual({ traceId: 'ab'.repeat(16), spanId: 'ab'.repeat(8), sampled: true });
    expect(parseTraceparent(formatTraceparent(fresh))).toEqual({
      traceId: fresh.traceId,
      parentId: fresh.spanId,
      sampled: true,
    });
  });

  it('never makes an id of zeros', () => {
    const draws = [new Uint8Array(16), new Uint8Array(16).fill(1)];
    expect(newTraceId(() => draws.shift() ?? new Uint8Array(0))).toBe('01'.repeat(16));
    expect(() => newSpanId((count) => new Uint8Array(count))).toThrow(/randomness/);
  });
});
