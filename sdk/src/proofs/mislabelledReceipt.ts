import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { receiptKey } from '../settlement/channelId.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

/** A settled receipt whose channel, sequence, fee or fee version is not that of its leaf and batch. */
export function mislabelledReceipt({ batch, accused }: Case): FraudProof | undefined {
  const { receiptsTree: tree, receipts, header } = batch;
  if (!tree) return undefined;
  for (const [position, { receipt }] of receipts.entries()) {
    const leaf = tree.leaves[position + 1];
    const isRight =
      leaf?.key === receiptKey(receipt.channel, receipt.sequence) &&
      leaf.amount === receipt.fee &&
      receipt.feeVersion === header.body.feeVersion;
    if (isRight) continue;
    return {
      fault: 'mislabelled receipt',
      about: `Receipt ${receipt.sequence} of channel ${receipt.channel} is settled as something else than it says.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveMislabelledReceipt',
        args: [accused, { leaf: openLeaf(tree, position + 1), receipt }],
      }),
    };
  }
  return undefined;
}
