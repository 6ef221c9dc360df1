import { expect, test } from 'vitest';
import { concentrationOf } from './concentrationOf.ts';

test('equal amounts are not concentrated', () => {
  expect(concentrationOf([5n, 5n, 5n, 5n])).toEqual({ total: 20n, topTenthBps: 2_500, half: 2, gini: 0 });
});

test('one who has nearly all is half of it alone', () => {
  expect(concentrationOf([1n, 97n, 1n, 1n])).toEqual({ total: 100n, topTenthBps: 9_700, half: 1, gini: 0.72 });
});

test('nothing is not concentrated', () => {
  expect(concentrationOf([0n, -3n])).toEqual({ total: 0n, topTenthBps: 0, half: 0, gini: 0 });
});
