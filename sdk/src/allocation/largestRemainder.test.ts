import { expect, test } from 'vitest';
import { largestRemainder } from './largestRemainder.ts';

const byIndex = (a: number, b: number): number => a - b;

test('gives missing wei to the largest remainders', () => {
  expect(largestRemainder(10n, [1n, 1n, 4n], byIndex)).toEqual([2n, 2n, 6n]); // 1.67, 1.67, 6.67
  expect(largestRemainder(10n, [1n, 1n, 1n], byIndex)).toEqual([4n, 3n, 3n]);
  expect(largestRemainder(10n, [1n, 1n, 1n], (a, b) => b - a)).toEqual([3n, 3n, 4n]);
});

test('a claim of nothing gets nothing', () => {
  expect(largestRemainder(7n, [0n, 3n, 0n], byIndex)).toEqual([0n, 7n, 0n]);
  expect(() => largestRemainder(7n, [0n], byIndex)).toThrow(/sum to nothing/);
});
