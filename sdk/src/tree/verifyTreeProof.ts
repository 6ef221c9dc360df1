import { type Hex, hexToBigInt, size, slice } from 'viem';
import { type Commitment, type Leaf, leafNode, parentNode, type SumNode } from './nodes.ts';

const siblingBytes = 56;

/** Sums over all leaves before the proved one: what makes any range's sum provable. */
export type PrefixSums = { amount: bigint; weight: bigint };

/**
 * Checks that `leaf` is the one at `index` of the committed tree.
 * @returns the sums before the leaf, or undefined if the proof fails
 */
export function verifyTreeProof(
  id: number,
  commitment: Commitment,
  index: number,
  leaf: Leaf,
  proof: Hex,
): PrefixSums | undefined {
  if (!Number.isInteger(index) || index < 0 || index >= commitment.count || size(proof) % siblingBytes !== 0) return undefined;
  const before = { amount: 0n, weight: 0n };
  let used = 0;
  let node: SumNode;
  try {
    node = leafNode(id, leaf);
    let position = index;
    let width = commitment.count;
    while (width > 1) {
      const promoted = (position ^ 1) >= width;
      if (!promoted) {
        if (used >= size(proof)) return undefined;
        const sibling = unpackNode(slice(proof, used, used + siblingBytes));
        used += siblingBytes;
        if (position % 2 === 1) {
          before.amount += sibling.amount;
          before.weight += sibling.weight;
          node = parentNode(id, sibling, node);
        } else {
          node = parentNode(id, node, sibling);
        }
      }
      position >>= 1;
      width = (width + 1) >> 1;
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined; // a sum beyond 96 bits
    throw error;
  }
  const holds =
    used === size(proof) &&
    node.hash === commitment.root &&
    node.amount === commitment.amount &&
    node.weight === commitment.weight;
  return holds ? before : undefined;
}

function unpackNode(bytes: Hex): SumNode {
  return {
    hash: slice(bytes, 0, 32),
    amount: hexToBigInt(slice(bytes, 32, 44)),
    weight: hexToBigInt(slice(bytes, 44, 56)),
  };
}
