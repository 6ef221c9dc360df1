import { expect, test } from 'vitest';
import { leafNode, parentNode, zeroHash } from './nodes.ts';
import { buildTree } from './sumTree.ts';

const leaf = (key: number) => ({ key: BigInt(key), data: zeroHash, amount: BigInt(key), weight: 1n });

test('an empty tree has root 0 and no sums', () => {
  expect(buildTree(1, [])).toMatchObject({ root: zeroHash, count: 0, amount: 0n, weight: 0n });
});

test('a tree of one leaf is that leaf', () => {
  expect(buildTree(1, [leaf(5)]).root).toBe(leafNode(1, leaf(5)).hash);
});

test('an odd node is promoted unchanged, never doubled', () => {
  const [a, b, c] = [leafNode(1, leaf(1)), leafNode(1, leaf(2)), leafNode(1, leaf(3))];
  expect(buildTree(1, [leaf(1), leaf(2), leaf(3)])).toMatchObject({
    root: parentNode(1, parentNode(1, a, b), c).hash,
    amount: 6n,
    weight: 3n,
  });
});

test('trees of different ids never share a root', () => {
  expect(buildTree(1, [leaf(1)]).root).not.toBe(buildTree(2, [leaf(1)]).root);
});

test('keys that do not strictly increase are refused', () => {
  expect(() => buildTree(1, [leaf(2), leaf(2)])).toThrow(/strictly increase/);
  expect(() => buildTree(1, [leaf(2), leaf(1)])).toThrow(/strictly increase/);
});

test('sums beyond 96 bits are refused', () => {
  const large = { key: 1n, data: zeroHash, amount: 2n ** 96n - 1n, weight: 0n };
  expect(() => buildTree(1, [large, { ...large, key: 2n, amount: 1n }])).toThrow(/96 bits/);
});
