import { expect, test } from 'vitest';
import { interval } from './interval.ts';

test('equal calls leave nothing to chance', () => {
  expect(interval(Array.from({ length: 20 }, () => 7n))).toEqual({ low: 140n, high: 140n });
});

test('calls that paid nothing count, and nothing at all is an interval of nothing', () => {
  expect(interval([0n, 0n, 0n])).toEqual({ low: 0n, high: 0n });
  expect(interval([])).toEqual({ low: 0n, high: 0n });
});

test('one call in a hundred that paid may as well not have come, or thrice', () => {
  const amounts = Array.from({ length: 100 }, (_, index) => (index === 50 ? 1_000n : 0n));
  const { low, high } = interval(amounts);
  expect(low).toBe(0n);
  expect(high === 2_000n || high === 3_000n).toBe(true); // Poisson of mean 1: .95 lies between two and three
  expect(interval(amounts)).toEqual({ low, high });
});

test('the interval is that of a sum of many parts: about 1.64 deviations to each side', () => {
  const amounts = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? 100n : 0n));
  const { low, high } = interval(amounts);
  // The sum is 100 × a binomial of 400 at one half: mean 20,000, deviation 1,000.
  expect(Number(low)).toBeGreaterThan(18_050);
  expect(Number(low)).toBeLessThan(18_650);
  expect(Number(high)).toBeGreaterThan(21_350);
  expect(Number(high)).toBeLessThan(21_950);
});
