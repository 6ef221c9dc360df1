import { expect, test } from 'vitest';
import { mostRetrieved, upTo } from './upTo.ts';

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

test('passages are counted at their own price, and never more than the model reads', () => {
  const priced = { ...prices, retrievalPrice: 30_000n };
  expect(upTo(priced, [''], 0, 7) - upTo(priced, [''], 0)).toBe(210_000n);
  expect(mostRetrieved(8_192)).toBe(4_096);
  expect(mostRetrieved(2_048)).toBe(1_024);
  expect(mostRetrieved(null)).toBe(4_096);
});
