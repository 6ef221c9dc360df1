import { type Address, encodeFunctionData, numberToHex } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { allocationKey } from '../settlement/batch.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openBoundary, openLeaf } from './opening.ts';
import { statedAllocations } from './statedAllocations.ts';

/** An account whose settled allocation of a receipt is not the one that the receipt states. */
export function unfaithfulAllocation(given: Case): FraudProof | undefined {
  const { batch, accused } = given;
  const { receiptsTree: tree, allocationsTree, receipts, entries } = batch;
  if (!tree || !allocationsTree) return undefined;
  const byChannel = new Map(entries.map((entry) => [entry.id, entry]));
  const settled = Map.groupBy(allocationsTree.leaves.slice(1, -1), ({ key }) => BigInt.asUintN(96, key));
  for (const [position, item] of receipts.entries()) {
    const stated = statedAllocations(item, byChannel, given);
    if (!stated) continue;
    const paid = new Map((settled.get(BigInt(position)) ?? []).map((leaf) => [numberToHex(leaf.key >> 96n, { size: 20 }), leaf]));
    const due = new Map(stated.map((one) => [one.account.toLowerCase() as Address, one]));
    const wrong = [...new Set([...due.keys(), ...paid.keys()])].find((account) => {
      const [is, should] = [paid.get(account), due.get(account)];
      return (is?.amount ?? 0n) !== (should?.amount ?? 0n) || (is?.weight ?? 0n) !== (should?.weight ?? 0n);
    });
    const boundary = wrong && openBoundary(allocationsTree, allocationKey(wrong, position));
    if (!wrong || !boundary) continue;
    const { receipt } = item;
    return {
      fault: 'unfaithful allocation',
      about: `Receipt ${receipt.sequence} of channel ${receipt.channel} allocates ${due.get(wrong)?.amount ?? 0n} wei to ${wrong}, the batch ${paid.get(wrong)?.amount ?? 0n}.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveUnfaithfulAllocation',
        args: [accused, { leaf: openLeaf(tree, position + 1), receipt }, stated, wrong, boundary],
      }),
    };
  }
  return undefined;
}
