import { encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import type { SumTree } from '../tree/sumTree.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

const names = ['', 'receipts', 'allocations', 'rewards'];

/** Two leaves that follow each other, of which the second has no greater key: in any of the three trees. */
export function disorder({ batch, accused }: Case): FraudProof | undefined {
  for (const tree of [batch.receiptsTree, batch.allocationsTree, batch.rewardsTree]) {
    const index = tree ? outOfOrder(tree) : -1;
    if (!tree || index === -1) continue;
    return {
      fault: 'disorder',
      about: `Leaf ${index + 1} of the ${names[tree.id]} does not come after leaf ${index}.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveDisorder',
        args: [accused, tree.id, openLeaf(tree, index), openLeaf(tree, index + 1)],
      }),
    };
  }
  return undefined;
}

function outOfOrder({ leaves }: SumTree): number {
  return leaves.findIndex(({ key }, index) => {
    const next = leaves[index + 1];
    return next !== undefined && next.key <= key;
  });
}
