import type { ContractFunctionArgs } from 'viem';
import type { ratingsAbi } from '../generated/abis.ts';
import { type Receipt, receiptHash } from '../settlement/receipt.ts';
import { accuse } from './fraudProof.ts';
import type { OpenedBatch } from './openBatch.ts';
import { openLeaf } from './opening.ts';

/** What `Ratings.rate` takes as proof that the rater paid for an answer of the model. */
export type PaidAnswer = ContractFunctionArgs<typeof ratingsAbi, 'nonpayable', 'rate'>[3];

/**
 * Opens a settled receipt for the rating of a model that answered. The batch must be final by the time it is sent.
 * @param part position of the model's release in the receipt's composition
 * @returns undefined where the batch's file does not open its receipts, does not hold this one, or the answer cost nothing
 */
export function paidAnswer(batch: OpenedBatch, receipt: Pick<Receipt, 'channel' | 'sequence'>, part = 0): PaidAnswer | undefined {
  const { receiptsTree: tree, receipts } = batch;
  const position = receipts.findIndex(
    ({ receipt: settled }) => settled.channel === receipt.channel && settled.sequence === receipt.sequence,
  );
  const found = receipts[position];
  if (!tree || !found?.composition[part] || found.receipt.fee === 0n) return undefined;
  const leaf = openLeaf(tree, position + 1);
  if (leaf.data !== receiptHash(found.receipt)) return undefined;
  return {
    header: accuse(batch.header, []).header,
    receipt: { leaf, receipt: found.receipt },
    composition: found.composition,
    part: BigInt(part),
    signer: found.signer,
  };
}
