import { expect, test } from 'vitest';
import { lastIntervals } from '#lib/charts/intervals.ts';
import { earnedByDay, earnedByModel, ratedOverall } from './earned.ts';
import type { Earning } from './types.ts';

const DAY = 86_400;
function earning(amount: string, model: string | null, settledAt: number, status: 'FINAL' | 'PENDING' = 'FINAL'): Earning {
  return {
    amount,
    release: model === null ? null : { model: { id: model, name: `Model ${model}` } },
    batch: { status, settledAt: String(settledAt) },
  };
}
const earnings = [
  earning('7', '1', DAY),
  earning('20', '2', DAY + 5, 'PENDING'),
  earning('3', '1', 3 * DAY - 1),
  earning('1', null, 9),
];

test('earnings are summed by model, the most first, and say what is final', () => {
  expect(earnedByModel(earnings)).toEqual([
    { model: { id: '2', name: 'Model 2' }, amount: 20n, final: 0n },
    { model: { id: '1', name: 'Model 1' }, amount: 10n, final: 10n },
    { model: null, amount: 1n, final: 1n },
  ]);
  expect(earnedByModel([])).toEqual([]);
});

test('earnings of a day are one bar', () => {
  const bars = lastIntervals(earnedByDay(earnings), 'day', 4, 3 * DAY + 100);
  expect(bars.map(({ value, calls }) => [value, calls])).toEqual([
    [1n, 1],
    [27n, 2],
    [3n, 1],
    [0n, 0],
  ]);
});

test('a developer is rated as often as its models are', () => {
  const models = [
    { ratingStars: 5, ratingCount: 1 },
    { ratingStars: 4, ratingCount: 2 },
    { ratingStars: 0, ratingCount: 0 },
  ];
  expect(ratedOverall(models)).toEqual({ rating: 300, count: 3 });
  expect(ratedOverall([])).toEqual({ rating: 0, count: 0 });
});
