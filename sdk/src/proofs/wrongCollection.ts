import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { receiptKey } from '../settlement/channelId.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

/** A channel from which something else was collected than its receipts add up to. */
export function wrongCollection({ batch, accused }: Case): FraudProof | undefined {
  const { receiptsTree: tree, entries, channels } = batch;
  if (!tree) return undefined;
  const positions = new Map(tree.leaves.map(({ key }, index) => [key, index]));
  for (const [index, { id, previousSequence, lastSequence, collected }] of entries.entries()) {
    const first = positions.get(receiptKey(id, previousSequence + 1));
    const last = positions.get(receiptKey(id, lastSequence));
    if (first === undefined || last === undefined) continue; // that they are missing is another fault
    const sum = tree.leaves.slice(first, last + 1).reduce((total, { amount }) => total + amount, 0n);
    if (sum === collected) continue;
    return {
      fault: 'wrong collection',
      about: `Channel ${id} pays ${collected} wei, its receipts add up to ${sum}.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveWrongCollection',
        args: [accused, { channels, index: BigInt(index) }, openLeaf(tree, first), openLeaf(tree, last)],
      }),
    };
  }
  return undefined;
}
