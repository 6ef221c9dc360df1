import { expect, test } from 'vitest';
import { lastIntervals } from './intervals.ts';

const hour = 3600;
const now = 100 * hour + 1234;
const row = (at: number, fees: string) => ({ timestamp: String(at * 1_000_000), fees, calls: '2' });

test('hours without a row are zero, and the present one is the last', () => {
  const bars = lastIntervals([row(98 * hour, '5'), row(100 * hour, '7')], 'hour', 4, now);
  expect(bars.map(({ at }) => at / hour)).toEqual([97, 98, 99, 100]);
  expect(bars.map(({ value }) => value)).toEqual([0n, 5n, 0n, 7n]);
  expect(bars.map(({ calls }) => calls)).toEqual([0, 2, 0, 2]);
});

test('rows before the first bar are left out', () => {
  expect(lastIntervals([row(3 * hour, '9')], 'hour', 2, now).map(({ value }) => value)).toEqual([0n, 0n]);
});

test('days begin at midnight UTC', () => {
  expect(lastIntervals([], 'day', 1, 86_400 * 3 + 5)[0]?.at).toBe(86_400 * 3);
});
