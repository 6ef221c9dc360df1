import { describe, expect, test } from 'vitest';
import { exactOpen, formatBps, formatBytes, formatCount, formatMagnitude, formatOpen, formatShare, parseOpen } from './amount.ts';

const OPEN = 10n ** 18n;

describe('formatOpen', () => {
  test('groups thousands and keeps four significant digits', () => {
    expect(formatOpen(1_234_567n * OPEN)).toBe('1,234,567');
    expect(formatOpen(12_408n * 10n ** 15n)).toBe('12.4');
    expect(formatOpen(12_418n * 10n ** 15n)).toBe('12.41');
  });
  test('never shows a non-zero amount as zero', () => {
    expect(formatOpen(1n)).toBe('0.000000000000000001');
    expect(formatOpen(840_000_000_000_000n)).toBe('0.00084');
  });
  test('truncates instead of rounding up', () => {
    expect(formatOpen(999_999n * 10n ** 12n)).toBe('0.9999');
  });
  test('shows zero and negative amounts', () => {
    expect(formatOpen(0n)).toBe('0');
    expect(formatOpen(-5n * OPEN)).toBe('−5');
  });
});

test('exactOpen keeps every digit', () => {
  expect(exactOpen(1_234_000_000_000_000_000_001n)).toBe('1,234.000000000000000001');
});

describe('parseOpen', () => {
  test('reads what formatOpen writes', () => {
    expect(parseOpen('1,234.5')).toBe(12_345n * 10n ** 17n);
  });
  test.each(['', '-1', '1e5', 'abc', '1.0000000000000000001', '.'])('refuses %j', (text) => {
    expect(parseOpen(text)).toBeUndefined();
  });
});

test('formatShare never calls a small share nothing', () => {
  expect(formatShare(1n, 100_000n)).toBe('< 0.1 %');
  expect(formatShare(38n, 100n)).toBe('38 %');
  expect(formatShare(1n, 3n)).toBe('33 %');
  expect(formatShare(4n, 1000n)).toBe('0.4 %');
  expect(formatShare(1n, 0n)).toBe('0 %');
});

test.each([
  [134_515_008, '135 M'],
  [1_711_376_384, '1.71 B'],
  [229_376, '229 k'],
  [12, '12'],
])('%i in short is %s', (value, text) => {
  expect(formatMagnitude(value)).toBe(text);
});

test('bps, counts and bytes', () => {
  expect(formatBps(2550)).toBe('25.5 %');
  expect(formatCount(1629)).toBe('1,629');
  expect(formatBytes(16 * 1024 * 1024)).toBe('16.0 MiB');
});
