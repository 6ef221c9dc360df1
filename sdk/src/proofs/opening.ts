import type { Hex } from 'viem';
import { type Leaf, zeroHash } from '../tree/nodes.ts';
import type { SumTree } from '../tree/sumTree.ts';
import { treeProof } from '../tree/treeProof.ts';

/** A leaf with its path, as the proofs of FraudProofs take it. */
export type Opening = Leaf & { index: number; proof: Hex };
/** Two neighbouring leaves, `below.key` < key ≤ `from.key`: whether the key is there, and what lies before it. */
export type Boundary = { below: Opening; from: Opening };

/** Opens the leaf at an index of the tree. */
export function openLeaf(tree: SumTree, index: number): Opening {
  const leaf = tree.leaves[index];
  if (!leaf) throw new RangeError(`The tree has ${tree.count} leaves; there is none at ${index}.`);
  return { ...leaf, index, proof: treeProof(tree, index) };
}

/** Opens the leaves on both sides of a key; undefined where no two neighbours enclose it. */
export function openBoundary(tree: SumTree, key: bigint): Boundary | undefined {
  const from = tree.leaves.findIndex((leaf, index) => index > 0 && leaf.key >= key && (tree.leaves[index - 1] as Leaf).key < key);
  return from === -1 ? undefined : { below: openLeaf(tree, from - 1), from: openLeaf(tree, from) };
}

/** Where a proof takes an opening and does not look at it. */
export const noOpening: Opening = { key: 0n, data: zeroHash, amount: 0n, weight: 0n, index: 0, proof: '0x' };
export const noBoundary: Boundary = { below: noOpening, from: noOpening };
