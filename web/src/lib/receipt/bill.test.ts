import { expect, test } from 'vitest';
import { billOf } from './bill.ts';

const used = { promptTokens: '30', completionTokens: '3', retrievalTokens: '0', agentSteps: '0', fee: '70000' };
const prices = { promptPrice: '1000', completionPrice: '12000', retrievalPrice: '5', agentStepPrice: '5' };

test('tokens times prices and what is left over make the fee', () => {
  const { lines, rest, total } = billOf(used, prices);
  expect(lines.map(({ kind, amount }) => [kind, amount])).toEqual([
    ['prompt', 30_000n],
    ['completion', 36_000n],
  ]);
  expect(rest).toBe(4_000n);
  expect(total).toBe(70_000n);
});

test('retrieval and agent steps have a line where there were any', () => {
  expect(billOf({ ...used, agentSteps: '2' }, prices).lines.map(({ kind }) => kind)).toEqual(['prompt', 'completion', 'step']);
});

test('without prices nothing is made up', () => {
  const { lines, rest, total } = billOf(used, undefined);
  expect(lines[0]).toEqual({ kind: 'prompt', count: 30n, price: undefined, amount: undefined });
  expect(rest).toBeUndefined();
  expect(total).toBe(70_000n);
});
