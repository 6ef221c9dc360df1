import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { channel192 } from '../settlement/channelId.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

/** A receipt that no entry of the channel list collects for. */
export function strayReceipt({ batch, accused }: Case): FraudProof | undefined {
  const { receiptsTree: tree, entries, channels } = batch;
  if (!tree) return undefined;
  const byChannel = new Map(entries.map((entry) => [channel192(entry.id), entry]));
  const index = tree.leaves.findIndex(({ key }, position) => {
    if (position === 0 || position === tree.count - 1) return false;
    const entry = byChannel.get(key >> 64n);
    const sequence = BigInt.asUintN(64, key);
    return !entry || sequence <= BigInt(entry.previousSequence) || sequence > BigInt(entry.lastSequence);
  });
  if (index === -1) return undefined;
  return {
    fault: 'stray receipt',
    about: `Receipt ${index} is of a channel or a sequence that the batch does not collect for.`,
    data: encodeFunctionData({
      abi: fraudProofsAbi,
      functionName: 'proveStrayReceipt',
      args: [accused, channels, openLeaf(tree, index)],
    }),
  };
}
