import type { Graph } from '@openledger/sdk/graph';
import { expect, test } from 'vitest';
import { readReceipts } from './readReceipts.ts';

/** A subgraph with `count` receipts, which notes what it was asked. */
function graphOf(count: number) {
  const ids = Array.from({ length: count }, (_, index) => `0x${index.toString(16).padStart(8, '0')}`);
  const asked: (string | undefined)[] = [];
  const read = async (_document: unknown, variables: { where: { payer: string; id_gt?: string } }) => {
    const { id_gt: after } = variables.where;
    asked.push(after);
    const batchReceipts = ids.filter((id) => after === undefined || id > after).slice(0, 1000);
    return { batchReceipts: batchReceipts.map((id) => ({ id })) };
  };
  return { graph: { read } as unknown as Graph, asked };
}

test.each([0, 1, 999, 1000, 2300])('all of %i receipts are read, each once', async (count) => {
  const { graph } = graphOf(count);
  const receipts = await readReceipts(graph, '0x0a');
  expect(new Set(receipts.map(({ id }) => id)).size).toBe(count);
  expect(receipts).toHaveLength(count);
});

test('each page begins where the one before ended', async () => {
  const { graph, asked } = graphOf(2300);
  await readReceipts(graph, '0x0a');
  expect(asked).toEqual([undefined, '0x000003e7', '0x000007cf']);
});
