import { expect, test } from 'vitest';
import { formatStars, priceNow, spread } from './stars.ts';

test.each([
  [0, '0.0'],
  [333, '3.3'],
  [499, '4.9'],
  [500, '5.0'],
])('%i hundredths are %s stars', (hundredths, shown) => {
  expect(formatStars(hundredths)).toBe(shown);
});

test('ratings are counted by their stars', () => {
  const given = [5, 5, 1].map((stars) => ({ stars }));
  expect(spread(given).map(({ count }) => count)).toEqual([2, 0, 0, 0, 1]);
});

test('a model is for sale until its offer expires', () => {
  const offered = { salePrice: '70', listing: { expiry: '100' } };
  expect(priceNow(offered, 100)).toBe(70n);
  expect(priceNow(offered, 101)).toBeUndefined();
  expect(priceNow({ ...offered, salePrice: null }, 1)).toBeUndefined();
  expect(priceNow({ salePrice: null, listing: null }, 1)).toBeUndefined();
});
