import { describe, expect, test } from 'vitest';
import { dailyFor, stakeFor } from './stake.ts';

const OPEN = 10n ** 18n;
const hours = (count: bigint): bigint => count * 3600n;

describe('stakeFor', () => {
  test('is twice what is earned within the window', () => {
    expect(stakeFor({ daily: 100n * OPEN, window: hours(48n), minimum: 0n })).toBe(400n * OPEN);
    expect(stakeFor({ daily: 100n * OPEN, window: hours(24n), minimum: 0n })).toBe(200n * OPEN);
  });
  test('is never below the minimum', () => {
    expect(stakeFor({ daily: 1n * OPEN, window: 30n, minimum: 1_000n * OPEN })).toBe(1_000n * OPEN);
    expect(stakeFor({ daily: 0n, window: hours(48n), minimum: 5n })).toBe(5n);
  });
  test('rounds up, so that the stake suffices', () => {
    expect(stakeFor({ daily: 1n, window: 1n, minimum: 0n })).toBe(1n);
  });
});

test('dailyFor is the other way round and never promises more than the stake covers', () => {
  expect(dailyFor({ stake: 400n * OPEN, window: hours(48n) })).toBe(100n * OPEN);
  const stake = 12_345n;
  const daily = dailyFor({ stake, window: 30n }) ?? 0n;
  expect(stakeFor({ daily, window: 30n, minimum: 0n })).toBeLessThanOrEqual(stake);
  expect(dailyFor({ stake, window: 0n })).toBeUndefined();
});
