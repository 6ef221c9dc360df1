import { expect, test } from 'vitest';
import { receiptHash } from '../settlement/receipt.ts';
import { headerOf, testBatch } from '../verify/testBatch.ts';
import { accusedReceipt } from './accusedReceipt.ts';
import { openBatch } from './openBatch.ts';

test('a settled receipt is opened with everything a case needs', async () => {
  const { file, facts, bundles } = await testBatch(3);
  const [, second] = bundles;
  if (!second) throw new Error('the batch is too small');
  const batch = openBatch(file, headerOf(file, facts.channels), facts.channels);
  const opened = accusedReceipt(batch, second.receipt, second.release);
  expect(opened?.opened.leaf.data).toBe(receiptHash(second.receipt));
  expect(opened?.opened.leaf.index).toBe(2);
  expect([opened?.payer, opened?.signer]).toEqual([second.channel.payer, second.channel.signer]);
  expect(opened?.composition).toEqual(second.composition);
});

test('what the batch does not hold cannot be opened', async () => {
  const { file, facts, bundles } = await testBatch(2);
  const [first] = bundles;
  if (!first) throw new Error('the batch is too small');
  const { receipt, release } = first;
  const header = headerOf(file, facts.channels);
  const batch = openBatch(file, header, facts.channels);
  expect(accusedReceipt(batch, { ...receipt, sequence: 9 }, release)).toBeUndefined();
  expect(accusedReceipt(batch, receipt, release, 1)).toBeUndefined();
  const changed = file.receipts.map((one) => ({ ...one, receipt: { ...one.receipt, completionTokens: 1 } }));
  expect(accusedReceipt(openBatch({ ...file, receipts: changed }, header, facts.channels), receipt, release)).toBeUndefined();
});
