import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { receiptKey } from '../settlement/channelId.ts';
import { receiptHash } from '../settlement/receipt.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

/** A receipt that the operator signed, settled under the same channel and sequence with other content. */
export function contradictedReceipt({ batch, accused, signed }: Case): FraudProof | undefined {
  const tree = batch.receiptsTree;
  if (!tree || signed.length === 0) return undefined;
  const positions = new Map(tree.leaves.map(({ key }, index) => [key, index]));
  for (const { receipt, signature } of signed) {
    const index = positions.get(receiptKey(receipt.channel, receipt.sequence));
    if (index === undefined || tree.leaves[index]?.data === receiptHash(receipt)) continue;
    return {
      fault: 'contradicted receipt',
      about: `The operator signed another receipt ${receipt.sequence} of channel ${receipt.channel} than it settled.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveContradictedReceipt',
        args: [accused, receipt, signature, openLeaf(tree, index)],
      }),
    };
  }
  return undefined;
}
