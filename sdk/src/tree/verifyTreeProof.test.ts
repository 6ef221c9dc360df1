import { concatHex, type Hex, size, slice } from 'viem';
import { expect, test } from 'vitest';
import { seededRandom } from '../vectors/random.ts';
import { buildTree } from './sumTree.ts';
import { treeProof } from './treeProof.ts';
import { verifyTreeProof } from './verifyTreeProof.ts';

const random = seededRandom('proof test');

const treeOf = (count: number) =>
  buildTree(
    3,
    Array.from({ length: count }, (_, index) => ({
      key: BigInt(index * 2 + 1),
      data: random.bytes32(),
      amount: BigInt(index),
      weight: 2n,
    })),
  );

const flip = (bytes: Hex, at: number): Hex => {
  const byte = (Number.parseInt(slice(bytes, at, at + 1), 16) ^ 1).toString(16).padStart(2, '0');
  const parts: Hex[] = [`0x${byte}`];
  if (at > 0) parts.unshift(slice(bytes, 0, at));
  if (at + 1 < size(bytes)) parts.push(slice(bytes, at + 1));
  return concatHex(parts);
};

test.each([1, 2, 3, 5, 8, 13])('every leaf of %i verifies and proves the sums before it', (count) => {
  const tree = treeOf(count);
  tree.leaves.forEach((leaf, index) => {
    const before = verifyTreeProof(3, tree, index, leaf, treeProof(tree, index));
    expect(before).toEqual({ amount: BigInt((index * (index - 1)) / 2), weight: BigInt(2 * index) });
  });
});

test('a changed leaf, index, count, sum, sibling or length fails', () => {
  const tree = treeOf(7);
  const leaf = tree.leaves[4];
  if (!leaf) throw new Error('no leaf');
  const proof = treeProof(tree, 4);
  expect(verifyTreeProof(3, tree, 4, leaf, proof)).toBeDefined();
  expect(verifyTreeProof(3, tree, 4, { ...leaf, amount: leaf.amount + 1n }, proof)).toBeUndefined();
  expect(verifyTreeProof(3, tree, 4, { ...leaf, key: leaf.key + 1n }, proof)).toBeUndefined();
  expect(verifyTreeProof(3, tree, 5, leaf, proof)).toBeUndefined();
  expect(verifyTreeProof(3, { ...tree, weight: tree.weight - 1n }, 4, leaf, proof)).toBeUndefined();
  expect(verifyTreeProof(4, tree, 4, leaf, proof)).toBeUndefined();
  expect(verifyTreeProof(3, tree, 4, leaf, concatHex([proof, slice(proof, 0, 56)]))).toBeUndefined();
  expect(verifyTreeProof(3, tree, 4, leaf, slice(proof, 0, 56))).toBeUndefined();
  expect(verifyTreeProof(3, tree, 7, leaf, proof)).toBeUndefined();
  for (let at = 0; at < size(proof); at += 5) expect(verifyTreeProof(3, tree, 4, leaf, flip(proof, at))).toBeUndefined();
});
