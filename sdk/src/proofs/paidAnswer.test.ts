import { expect, test } from 'vitest';
import { headerHash } from '../settlement/batch.ts';
import { channelId } from '../settlement/channelId.ts';
import { compositionHash } from '../settlement/composition.ts';
import { receiptHash } from '../settlement/receipt.ts';
import { treeId } from '../tree/treeId.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { headerOf, testBatch } from '../verify/testBatch.ts';
import { openBatch } from './openBatch.ts';
import { paidAnswer } from './paidAnswer.ts';

async function opened() {
  const { file, facts, bundles } = await testBatch(3);
  const [, second] = bundles;
  if (!second) throw new Error('the batch is too small');
  const header = headerOf(file, facts.channels);
  return { file, facts, header, second, batch: openBatch(file, header, facts.channels) };
}

test('a paid answer opens everything that the chain asks of a rater', async () => {
  const { batch, second, header } = await opened();
  const paid = paidAnswer(batch, second.receipt);
  if (!paid) throw new Error('it was not opened');
  expect(headerHash({ ...paid.header, settledAt: Number(paid.header.settledAt) })).toBe(headerHash(header));
  const { leaf, receipt } = paid.receipt;
  expect(leaf.data).toBe(receiptHash(receipt));
  expect(verifyTreeProof(treeId.receipts, header.body.receipts, leaf.index, leaf, leaf.proof)).toBeDefined();
  expect(compositionHash(paid.composition)).toBe(receipt.compositionHash);
  expect(paid.part).toBe(0n);
  const { payer, operator } = second.channel;
  expect(channelId({ payer, operator, signer: paid.signer })).toBe(receipt.channel);
});

test('nothing is opened where nothing can be shown', async () => {
  const { file, facts, header, second, batch } = await opened();
  const { receipt } = second;
  expect(paidAnswer(batch, { ...receipt, sequence: 9 })).toBeUndefined();
  expect(paidAnswer(batch, receipt, 1)).toBeUndefined();
  const changed = file.receipts.map((one) => ({ ...one, receipt: { ...one.receipt, completionTokens: 1 } }));
  expect(paidAnswer(openBatch({ ...file, receipts: changed }, header, facts.channels), receipt)).toBeUndefined();
  const free = { ...file, receipts: file.receipts.map((one) => ({ ...one, receipt: { ...one.receipt, fee: 0n } })) };
  expect(paidAnswer(openBatch(free, headerOf(free, facts.channels), facts.channels), receipt)).toBeUndefined();
});
