import type { Hex } from 'viem';
import { describe, expect, it } from 'vitest';
import { versionTree } from '../release/versionTree.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { versionLeaves } from './versionLeaves.ts';

const word = (digit: string): Hex => `0x${digit.repeat(64)}`;
const version = [
  { contributionId: 7, recordsRoot: word('7'), records: 2 },
  { contributionId: 1, recordsRoot: word('1'), records: 5 },
  { contributionId: 4, recordsRoot: word('4'), records: 3 },
];

describe('versionLeaves', () => {
  it('proves each contribution in the tree of the version', () => {
    const { tree, leaves } = versionLeaves(version, [4, 7]);
    expect(tree).toMatchObject({ root: versionTree(version).root, count: 3, amount: 10n });
    expect(leaves.map(({ contributionId, index }) => [contributionId, index])).toEqual([
      [4, 1],
      [7, 2],
    ]);
    for (const { index, proof } of leaves) {
      const leaf = versionTree(version).leaves[index];
      if (!leaf) throw new Error('The leaf is missing.');
      expect(verifyTreeProof(5, tree, index, leaf, proof)).toBeDefined();
    }
  });

  it('refuses a contribution that is not in it', () => {
    expect(() => versionLeaves(version, [2])).toThrow('Contribution 2 is not in this version');
  });
});
