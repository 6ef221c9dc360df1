import { encodeFunctionData } from 'viem';
import type { Allocation } from '../evidence/evidence.ts';
import { fraudProofsAbi } from '../generated/abis.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';
import { statedAllocations } from './statedAllocations.ts';

/** Stated allocations that are out of order or do not sum to the fee less the protocol's part. */
export function unbalancedAllocation(given: Case): FraudProof | undefined {
  const { batch, accused, facts } = given;
  const { receiptsTree: tree, receipts, entries } = batch;
  if (!tree) return undefined;
  const byChannel = new Map(entries.map((entry) => [entry.id, entry]));
  for (const [position, item] of receipts.entries()) {
    const stated = statedAllocations(item, byChannel, given);
    if (!stated) continue;
    const { receipt } = item;
    const net = receipt.fee - (receipt.fee * BigInt(facts.policy.protocolFeeBps)) / 10_000n;
    const sum = stated.reduce((total, { amount }) => total + amount, 0n);
    if (sum === net && isInOrder(stated)) continue;
    return {
      fault: 'unbalanced allocation',
      about: `The allocations of receipt ${receipt.sequence} of channel ${receipt.channel} are out of order or sum to ${sum} wei instead of ${net}.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveUnbalancedAllocation',
        args: [accused, { leaf: openLeaf(tree, position + 1), receipt }, stated],
      }),
    };
  }
  return undefined;
}

/** Accounts strictly rise from zero, which is nobody's. */
function isInOrder(allocations: readonly Allocation[]): boolean {
  return allocations.every(({ account }, index) => BigInt(account) > BigInt(allocations[index - 1]?.account ?? 0));
}
