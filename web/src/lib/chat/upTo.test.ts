import { expect, test } from 'vitest';
import { upTo } from './upTo.ts';

const prices = { promptPrice: 10_000n, completionPrice: 20_000n, retrievalPrice: 0n, agentStepPrice: 0n };

test('a longer question can only cost more', () => {
  expect(upTo(prices, ['hello there'], 10)).toBeGreaterThan(upTo(prices, ['hello'], 10));
});

test('the whole answer is counted', () => {
  expect(upTo(prices, [''], 100) - upTo(prices, [''], 0)).toBe(2_000_000n);
});

test('a character outside ASCII counts by its bytes', () => {
  expect(upTo(prices, ['鏈'], 0) - upTo(prices, [''], 0)).toBe(30_000n);
});
