import type { z } from 'zod';
import { recordsTree } from '../records/recordsRoot.ts';
import { type VersionEntry, versionTree } from '../release/versionTree.ts';
import { treeProof } from '../tree/treeProof.ts';
import type { sourceProofSchema } from './source.ts';

export type SourceProof = z.infer<typeof sourceProofSchema>;

/**
 * Proves where records of a datanet version stand in it. The trees are built once, for as many proofs as are wanted.
 * @param contributions all accepted ones of the version
 * @param recordIds of each contribution's file, in its order
 */
export function proveSources(contributions: readonly VersionEntry[], recordIds: ReadonlyMap<number, readonly `0x${string}`[]>) {
  const ordered = [...contributions].sort((a, b) => a.contributionId - b.contributionId);
  const version = versionTree(ordered);
  const total = Number(version.amount);
  const files = new Map<number, ReturnType<typeof recordsTree>>();
  return {
    root: version.root,
    /** Throws for a record that is not there. */
    prove(contributionId: number, position: number): SourceProof {
      const index = ordered.findIndex((entry) => entry.contributionId === contributionId);
      const entry = ordered[index];
      if (!entry) throw new RangeError(`The version has no contribution ${contributionId}.`);
      const file = files.get(contributionId) ?? recordsTree(recordIds.get(contributionId) ?? []);
      files.set(contributionId, file);
      return {
        root: version.root,
        contributionId,
        recordsRoot: entry.recordsRoot,
        record: { index: position, count: file.count, proof: treeProof(file, position) },
        contribution: { index, count: version.count, total, proof: treeProof(version, index) },
      };
    },
  };
}
