import { expect, test } from 'vitest';
import { receiptHash } from '../settlement/receipt.ts';
import { falsify, headerOf, testBatch } from './testBatch.ts';
import { wrongReceipts } from './wrongReceipts.ts';

test('an honest batch has none', async () => {
  const { file, header, context, facts } = await testBatch(5);
  expect(await wrongReceipts(file, header, context, facts)).toEqual([]);
});

test('the one that is wrong is named with its reason, wherever it stands', async () => {
  const honest = await testBatch(5);
  const { file, context, facts } = await falsify(honest, ({ receipt }) => ({ receipt: { fee: receipt.fee + 10_000n } }));
  for (const at of [0, 3]) {
    const receipts = [...file.receipts.slice(1, at + 1), ...file.receipts.slice(0, 1), ...file.receipts.slice(at + 1)];
    const moved = { ...file, receipts };
    const found = await wrongReceipts(moved, headerOf(file, facts.channels), context, facts);
    const [wrong] = file.receipts;
    expect(found.map(({ hash }) => hash)).toEqual([wrong && receiptHash(wrong.receipt)]);
    expect(found[0]?.reason).toContain('fees do not follow');
  }
});
