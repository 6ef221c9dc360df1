import { encodeAbiParameters, keccak256 } from 'viem';
import { expect, test } from 'vitest';
import { askedTree, leavesRequestId } from './leavesAsked.ts';

const headerHash = `0x${'a1'.repeat(32)}` as const;
const asked = { headerHash, tree: askedTree.rewards, from: 3, count: 16 };
const struct = {
  type: 'tuple',
  components: [
    { name: 'headerHash', type: 'bytes32' },
    { name: 'tree', type: 'uint8' },
    { name: 'from', type: 'uint32' },
    { name: 'count', type: 'uint32' },
  ],
} as const;

test('a request is named by the hash of what is asked, as the contract encodes the struct', () => {
  expect(leavesRequestId(asked)).toBe(keccak256(encodeAbiParameters([struct], [asked])));
});

test('every part of what is asked counts', () => {
  const others = [
    { headerHash: `0x${'a2'.repeat(32)}` as const },
    { tree: askedTree.allocations },
    { tree: askedTree.parameters },
    { from: 4 },
    { count: 15 },
  ];
  const ids = [asked, ...others.map((other) => ({ ...asked, ...other }))].map(leavesRequestId);
  expect(new Set(ids).size).toBe(ids.length);
});
