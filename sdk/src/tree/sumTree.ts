import { type Commitment, type Leaf, leafNode, parentNode, type SumNode, zeroHash } from './nodes.ts';

/** A built tree: its commitment, its leaves, and all levels from the leaves (0) to the root. */
export type SumTree = Commitment & { id: number; leaves: readonly Leaf[]; levels: readonly (readonly SumNode[])[] };

/**
 * Builds the Merkle sum tree of docs/wire.md. Leaves are paired from the left, an odd node is promoted unchanged.
 * Throws when keys do not strictly increase or a sum does not fit 96 bits.
 */
export function buildTree(id: number, leaves: readonly Leaf[]): SumTree {
  leaves.forEach((leaf, index) => {
    const previous = leaves[index - 1];
    if (previous && previous.key >= leaf.key) {
      throw new Error(`Keys of tree ${id} must strictly increase: leaf ${index} does not come after leaf ${index - 1}.`);
    }
  });
  return treeAsGiven(id, leaves);
}

/** The same for leaves in any order, as a lying operator may commit them. Throws when a sum does not fit 96 bits. */
export function treeAsGiven(id: number, leaves: readonly Leaf[]): SumTree {
  let level = leaves.map((leaf) => leafNode(id, leaf));
  const levels = [level];
  while (level.length > 1) {
    level = pairUp(id, level);
    levels.push(level);
  }
  const top = level[0] ?? { hash: zeroHash, amount: 0n, weight: 0n };
  return { id, root: top.hash, count: leaves.length, amount: top.amount, weight: top.weight, leaves, levels };
}

function pairUp(id: number, level: readonly SumNode[]): SumNode[] {
  const above: SumNode[] = [];
  for (let index = 0; index < level.length; index += 2) {
    const left = level[index] as SumNode;
    const right = level[index + 1];
    above.push(right ? parentNode(id, left, right) : left);
  }
  return above;
}

/** The four fields that travel and are hashed. */
export function commitmentOf({ root, count, amount, weight }: Commitment): Commitment {
  return { root, count, amount, weight };
}
