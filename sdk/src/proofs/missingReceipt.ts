import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { receiptKey } from '../settlement/channelId.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openBoundary } from './opening.ts';

/** A sequence that the channel list collects for, without a receipt. */
export function missingReceipt({ batch, accused }: Case): FraudProof | undefined {
  const { receiptsTree: tree, entries, channels } = batch;
  if (!tree) return undefined;
  const keys = new Set(tree.leaves.map(({ key }) => key));
  for (const [index, { id, previousSequence, lastSequence }] of entries.entries()) {
    for (let sequence = previousSequence + 1; sequence <= lastSequence; sequence += 1) {
      const key = receiptKey(id, sequence);
      const boundary = keys.has(key) ? undefined : openBoundary(tree, key);
      if (!boundary) continue;
      return {
        fault: 'missing receipt',
        about: `Channel ${id} pays for sequence ${sequence}, which has no receipt.`,
        data: encodeFunctionData({
          abi: fraudProofsAbi,
          functionName: 'proveMissingReceipt',
          args: [accused, { channels, index: BigInt(index) }, sequence, boundary.below, boundary.from],
        }),
      };
    }
  }
  return undefined;
}
