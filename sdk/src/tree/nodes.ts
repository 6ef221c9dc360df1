import { concatHex, type Hex, numberToHex } from 'viem';
import { keccak } from '../schema/keccak.ts';

/** One leaf. `key` is a uint256, strictly increasing in a tree; `amount` and `weight` are uint96. */
export type Leaf = { key: bigint; data: Hex; amount: bigint; weight: bigint };

/** A hash with the two sums below it. */
export type SumNode = { hash: Hex; amount: bigint; weight: bigint };

/** What a tree is committed by; `count` is the number of leaves. */
export type Commitment = { root: Hex; count: number; amount: bigint; weight: bigint };

export const zeroHash: Hex = `0x${'00'.repeat(32)}`;

const maxSum = 2n ** 96n - 1n;

function packSums({ amount, weight }: { amount: bigint; weight: bigint }): Hex {
  if (amount < 0n || amount > maxSum || weight < 0n || weight > maxSum) {
    throw new RangeError('A sum does not fit 96 bits: settle fewer receipts in one batch.');
  }
  return `0x${amount.toString(16).padStart(24, '0')}${weight.toString(16).padStart(24, '0')}`;
}

/** keccak(0x00 ‖ treeId ‖ key ‖ data ‖ sums) */
export function leafNode(tree: number, leaf: Leaf): SumNode {
  const hash = keccak(
    concatHex(['0x00', numberToHex(tree, { size: 1 }), numberToHex(leaf.key, { size: 32 }), leaf.data, packSums(leaf)]),
  );
  return { hash, amount: leaf.amount, weight: leaf.weight };
}

/** keccak(0x01 ‖ treeId ‖ left ‖ sums(left) ‖ right ‖ sums(right)) */
export function parentNode(tree: number, left: SumNode, right: SumNode): SumNode {
  const hash = keccak(
    concatHex(['0x01', numberToHex(tree, { size: 1 }), left.hash, packSums(left), right.hash, packSums(right)]),
  );
  const sums = { amount: left.amount + right.amount, weight: left.weight + right.weight };
  packSums(sums);
  return { hash, ...sums };
}

/** A sibling in a proof: hash (32) ‖ amount (12) ‖ weight (12). */
export function packNode(node: SumNode): Hex {
  return concatHex([node.hash, packSums(node)]);
}
