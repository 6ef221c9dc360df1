import type { Hex } from 'viem';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';

/** An accepted contribution as a datanet version commits to it. */
export type VersionEntry = { contributionId: number; recordsRoot: Hex; records: number };

/** Tree 5: all accepted contributions of a datanet, by contribution id. */
export function versionTree(contributions: readonly VersionEntry[]): SumTree {
  const ordered = [...contributions].sort((a, b) => a.contributionId - b.contributionId);
  return buildTree(
    treeId.datanetVersion,
    ordered.map(({ contributionId, recordsRoot, records }) => ({
      key: BigInt(contributionId),
      data: recordsRoot,
      amount: BigInt(records),
      weight: 0n,
    })),
  );
}
