import { expect, test } from 'vitest';
import { formatPower } from './words.ts';

test('power is a share of one', () => {
  expect(formatPower(10n ** 18n)).toBe('100 %');
  expect(formatPower(123_400_000_000_000_000n)).toBe('12.34 %');
  expect(formatPower(1n)).toBe('< 0.01 %');
  expect(formatPower(0n)).toBe('0 %');
});
