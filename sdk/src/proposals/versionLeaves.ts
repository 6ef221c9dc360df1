import type { Hex } from 'viem';
import { type VersionEntry, versionTree } from '../release/versionTree.ts';
import { commitmentOf } from '../tree/sumTree.ts';
import { treeProof } from '../tree/treeProof.ts';

/** A contribution's place in a version, as ModelProposals.vote takes it. */
export type VersionLeaf = { contributionId: number; index: number; proof: Hex };

/**
 * What a contributor votes with: the tree of the version and the places of its contributions in it.
 * @param version all contributions of the version, in any order
 * @param mine numbers of the contributions to vote with
 * @throws when one of them is not in the version
 */
export function versionLeaves(version: readonly VersionEntry[], mine: readonly number[]) {
  const tree = versionTree(version);
  const leaves = mine.map((contributionId): VersionLeaf => {
    const index = tree.leaves.findIndex(({ key }) => key === BigInt(contributionId));
    if (index < 0) throw new Error(`Contribution ${contributionId} is not in this version: vote with those that are.`);
    return { contributionId, index, proof: treeProof(tree, index) };
  });
  return { tree: commitmentOf(tree), leaves };
}
