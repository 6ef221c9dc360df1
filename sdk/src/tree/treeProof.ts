import { concatHex, type Hex } from 'viem';
import { packNode } from './nodes.ts';
import type { SumTree } from './sumTree.ts';

/** Proof of the leaf at `index`: its siblings from the bottom, 56 bytes each; none where the node is promoted. */
export function treeProof(tree: SumTree, index: number): Hex {
  if (!Number.isInteger(index) || index < 0 || index >= tree.count) {
    throw new RangeError(`The tree has ${tree.count} leaves; there is none at ${index}.`);
  }
  const siblings: Hex[] = [];
  let position = index;
  for (const level of tree.levels) {
    const sibling = level[position ^ 1];
    if (sibling) siblings.push(packNode(sibling));
    position >>= 1;
  }
  return siblings.length === 0 ? '0x' : concatHex(siblings);
}
