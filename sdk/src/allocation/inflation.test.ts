import { expect, test } from 'vitest';
import { exp2Day } from './inflation.ts';

test('is 1 on day 0 and doubles every 365 days', () => {
  expect(exp2Day(0)).toBe(2n ** 32n);
  for (const day of [0, 1, 100, 364]) expect(exp2Day(day + 730)).toBe(exp2Day(day) * 4n);
});

test('follows 2^(day/365) to nine digits and never falls', () => {
  for (let day = 1; day < 1_000; day += 1) {
    expect(Number(exp2Day(day)) / (2 ** (day / 365) * 2 ** 32)).toBeCloseTo(1, 8);
    expect(exp2Day(day)).toBeGreaterThan(exp2Day(day - 1));
  }
});

test('a day before the first is refused', () => {
  expect(() => exp2Day(-1)).toThrow(/day index/);
});
