import type { Hex } from 'viem';
import { uintWord } from '../schema/abiWords.ts';
import { keccak } from '../schema/keccak.ts';

/** One leaf. `key` is a uint256, strictly increasing in a tree; `amount` and `weight` are uint96. */
export type Leaf = { key: bigint; data: Hex; amount: bigint; weight: bigint };

/** A hash with the two sums below it. */
export type SumNode = { hash: Hex; amount: bigint; weight: bigint };

/** What a tree is committed by; `count` is the number of leaves. */
export type Commitment = { root: Hex; count: number; amount: bigint; weight: bigint };

export const zeroHash: Hex = `0x${'00'.repeat(32)}`;

const maxSum = 2n ** 96n - 1n;

/** Hex without 0x, as what follows puts texts together: building trees is most of the work on a batch. */
function packSums({ amount, weight }: { amount: bigint; weight: bigint }): string {
  if (amount < 0n || amount > maxSum || weight < 0n || weight > maxSum) {
    throw new RangeError('A sum does not fit 96 bits: settle fewer receipts in one batch.');
  }
  return `${amount.toString(16).padStart(24, '0')}${weight.toString(16).padStart(24, '0')}`;
}

const byte = (value: number): string => uintWord(value, 8).slice(-2);

/** keccak(0x00 ‖ treeId ‖ key ‖ data ‖ sums) */
export function leafNode(tree: number, leaf: Leaf): SumNode {
  const hash = keccak(`0x00${byte(tree)}${uintWord(leaf.key, 256)}${leaf.data.slice(2)}${packSums(leaf)}`);
  return { hash, amount: leaf.amount, weight: leaf.weight };
}

/** keccak(0x01 ‖ treeId ‖ left ‖ sums(left) ‖ right ‖ sums(right)) */
export function parentNode(tree: number, left: SumNode, right: SumNode): SumNode {
  const [leftHash, rightHash] = [left.hash.slice(2), right.hash.slice(2)];
  const hash = keccak(`0x01${byte(tree)}${leftHash}${packSums(left)}${rightHash}${packSums(right)}`);
  const sums = { amount: left.amount + right.amount, weight: left.weight + right.weight };
  packSums(sums);
  return { hash, ...sums };
}

/** A sibling in a proof: hash (32) ‖ amount (12) ‖ weight (12). */
export function packNode(node: SumNode): Hex {
  return `${node.hash}${packSums(node)}`;
}
