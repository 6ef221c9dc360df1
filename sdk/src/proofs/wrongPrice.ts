import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { feeOf } from '../verify/batchFacts.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

const whole = 10_000;

/** A fee that is not what the bound terms ask for, or that no registered terms ask for. Of receipts of a single release. */
export function wrongPrice({ batch, accused, facts }: Case): FraudProof | undefined {
  const { receiptsTree: tree, receipts, entries, channels } = batch;
  if (!tree) return undefined;
  const byChannel = new Map(entries.map((entry) => [entry.id, entry]));
  for (const [position, item] of receipts.entries()) {
    const { receipt, composition } = item;
    const [component] = composition;
    const index = entries.findIndex(({ id }) => id === receipt.channel);
    if (!component || composition.length !== 1 || index === -1) continue;
    const fee = feeOf(item, byChannel, facts)?.fee;
    if (fee === receipt.fee && component.weightBps === whole) continue;
    return {
      fault: 'wrong price',
      about: `Receipt ${receipt.sequence} of channel ${receipt.channel} costs ${receipt.fee} wei, ${
        fee === undefined ? 'by terms that nobody registered' : `the bound prices make it ${fee}`
      }.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveWrongPrice',
        args: [accused, { leaf: openLeaf(tree, position + 1), receipt }, component, { channels, index: BigInt(index) }],
      }),
    };
  }
  return undefined;
}
