import { expect, it } from 'vitest';
import { quote } from './quote.ts';

it('shows plain text as it is, in quotes', () => {
  expect(quote('wasi:http/types@0.2.0')).toBe('"wasi:http/types@0.2.0"');
  expect(quote('größe 測')).toBe('"größe 測"');
});

it('leaves nothing that ends a line, drives a terminal or turns text around', () => {
  const hostile =
    'a"\\\n\r\0\u001B[2J\u009B\u2028\u2029\u202E\u2066\uFEFF\u200F' +
    String.fromCharCode(0xd800) +
    String.fromCodePoint(0xe0041);
  const shown = quote(hostile);
  expect(shown).toMatch(/^"[\x20-\x7E]*"$/);
  expect(shown).toContain('\\u{202e}');
});

it('is short', () => {
  expect(quote('x'.repeat(1000))).toBe(`"${'x'.repeat(117)}..."`);
  expect(quote('x'.repeat(1000), 10)).toBe('"xxxxxxx..."');
});
