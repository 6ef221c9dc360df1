import { expect, test } from 'vitest';
import { ceil10k, computeFee } from './fee.ts';

const card = { promptPrice: 1_000n, completionPrice: 20_000n, retrievalPrice: 7n, agentStepPrice: 9n };
const usage = { promptTokens: 3, completionTokens: 2, retrievalTokens: 0, agentSteps: 0 };

test('rounds up to multiples of 10,000 wei', () => {
  expect([0n, 1n, 10_000n, 10_001n].map(ceil10k)).toEqual([0n, 10_000n, 10_000n, 20_000n]);
  expect(computeFee([{ card, weightBps: 10_000 }], usage)).toEqual({ base: 50_000n, markup: 0n, fee: 50_000n });
});

test('the markup comes on top and is rounded up by itself', () => {
  expect(computeFee([{ card, weightBps: 10_000 }], usage, 250)).toEqual({ base: 50_000n, markup: 10_000n, fee: 60_000n });
});

test('a composition costs the weighted sum, floored after the sum', () => {
  const odd = { promptPrice: 1n, completionPrice: 0n, retrievalPrice: 0n, agentStepPrice: 0n };
  const parts = [
    { card: odd, weightBps: 3_333 },
    { card: odd, weightBps: 6_667 },
  ];
  expect(computeFee(parts, { ...usage, promptTokens: 20_000 }).base).toBe(20_000n);
});
