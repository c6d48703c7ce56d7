import { describe, expect, it } from 'vitest';
import { formatNumber, formatTable } from './table.ts';

describe('formatTable', () => {
  it('aligns, and leaves no space at the end of a line', () => {
    const text = formatTable(
      [
        { title: 'system', align: 'left' },
        { title: 'req/s', align: 'right' },
        { title: 'note', align: 'left' },
      ],
      [
        ['a', '70,612', ''],
        ['longer name', '5'],
      ],
    );
    expect(text.split('\n')).toEqual([
      'system        req/s  note',
      '───────────  ──────  ────',
      'a            70,612',
      'longer name       5',
    ]);
  });
  it('counts characters outside the first plane once', () => {
    const [title, rule] = formatTable([{ title: '𝛍s', align: 'left' }], []).split('\n');
    expect(title).toBe('𝛍s');
    expect(rule).toBe('──');
  });
});

describe('formatNumber', () => {
  it('keeps about three digits', () => {
    expect([70_612.4, 169.3, 14.54, 0.654, 0].map(formatNumber)).toEqual([
      '70,612',
      '169',
      '14.5',
      '0.65',
      '0.00',
    ]);
  });
});
