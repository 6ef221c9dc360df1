import { decodeFunctionData } from 'viem';
import { expect, test } from 'vitest';
import { fraudProofsAbi } from '../generated/abis.ts';
import { falsify, headerOf, type TestBatch, testBatch } from '../verify/testBatch.ts';
import { findProofs } from './findProofs.ts';
import { accuse, type Case } from './fraudProof.ts';
import { openBatch } from './openBatch.ts';
import { receiptAtFault } from './receiptAtFault.ts';

/** As the operator's first batch: what it was built on is not looked at. */
const caseOf = ({ file, facts }: TestBatch): Case => {
  const header = headerOf(file, facts.channels);
  return { batch: openBatch(file, header, facts.channels), accused: accuse(header, []), facts, signed: [], stated: new Map() };
};

test('a batch whose file opens nothing proves nothing, however wrong', async () => {
  const { file, facts } = await testBatch(3);
  const header = headerOf(file, facts.channels);
  const empty = { ...file, receipts: [], rewards: [] };
  const batch = openBatch(empty, header, facts.channels);
  expect([batch.receiptsTree, batch.allocationsTree, batch.rewardsTree]).toEqual([undefined, undefined, undefined]);
  const given = { batch, accused: accuse(header, []), facts, signed: [], stated: new Map() };
  expect(findProofs(given)).toEqual([]);
});

test('a receipt that is wrong as it was signed is named by its proof, one whose batch is wrong is not', async () => {
  const honest = await testBatch(3);
  const dear = await falsify(honest, ({ receipt }) => ({ receipt: { fee: receipt.fee + 10_000n } }));
  const other = await falsify(honest, () => ({ receipt: { feeVersion: 9 } }));
  const named = (batch: TestBatch, fault: string) => {
    const proof = findProofs(caseOf(batch)).find((one) => one.fault === fault);
    if (!proof) throw new Error('no proof');
    return receiptAtFault(decodeFunctionData({ abi: fraudProofsAbi, data: proof.data }));
  };
  expect(named(dear, 'wrong price')).toBe(caseOf(dear).batch.receiptsTree?.leaves[1]?.data);
  expect(named(other, 'mislabelled receipt')).toBeUndefined();
});
