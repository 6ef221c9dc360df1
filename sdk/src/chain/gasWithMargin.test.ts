import { expect, test } from 'vitest';
import { gasWithMargin } from './gasWithMargin.ts';

test('leaves room for two new storage slots even on a small call', () => {
  expect(gasWithMargin(50_000n) - 50_000n).toBeGreaterThan(2n * 22_100n);
});

test('grows with the call', () => {
  expect(gasWithMargin(400_000n)).toBe(560_000n);
});
