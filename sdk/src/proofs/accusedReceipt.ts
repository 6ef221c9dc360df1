import type { ContractFunctionArgs } from 'viem';
import type { juryAbi } from '../generated/abis.ts';
import type { Release } from '../release/release.ts';
import type { Receipt } from '../settlement/receipt.ts';
import { receiptHash } from '../settlement/receipt.ts';
import { accuse } from './fraudProof.ts';
import type { OpenedBatch } from './openBatch.ts';
import { openLeaf } from './opening.ts';

/** What `Jury.fileReceipt` opens a case with. */
export type AccusedReceipt = ContractFunctionArgs<typeof juryAbi, 'nonpayable', 'fileReceipt'>[1];

/**
 * Opens a settled receipt for a case before the Jury.
 * @param release the fields behind the component's release hash
 * @param component position in the receipt's composition
 * @returns undefined where the batch's file does not open its receipts, or does not hold this one
 */
export function accusedReceipt(
  batch: OpenedBatch,
  receipt: Pick<Receipt, 'channel' | 'sequence'>,
  release: Release,
  component = 0,
): AccusedReceipt | undefined {
  const { receiptsTree: tree, receipts } = batch;
  const position = receipts.findIndex(
    ({ receipt: settled }) => settled.channel === receipt.channel && settled.sequence === receipt.sequence,
  );
  const found = receipts[position];
  if (!tree || !found?.composition[component]) return undefined;
  const leaf = openLeaf(tree, position + 1);
  if (leaf.data !== receiptHash(found.receipt)) return undefined;
  return {
    header: accuse(batch.header, []).header,
    opened: { leaf, receipt: found.receipt },
    composition: found.composition,
    component: BigInt(component),
    release,
    payer: found.payer,
    signer: found.signer,
  };
}
