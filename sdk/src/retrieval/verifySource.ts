import type { Hex } from 'viem';
import { treeId } from '../tree/treeId.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import type { CitedSource } from './source.ts';

/**
 * Whether a source's record stands in the datanet version with this root: in the records of its contribution, and that
 * among the version's contributions. Take the root from the chain (`DatanetRegistry.versionRoot`). Never throws.
 */
export function verifySource({ recordId, proof }: Pick<CitedSource, 'recordId' | 'proof'>, versionRoot: Hex): boolean {
  const { contributionId, recordsRoot, record, contribution } = proof;
  const file = { root: recordsRoot, count: record.count, amount: BigInt(record.count), weight: 0n };
  const version = { root: versionRoot, count: contribution.count, amount: BigInt(contribution.total), weight: 0n };
  const recordLeaf = { key: BigInt(record.index), data: recordId, amount: 1n, weight: 0n };
  const contributionLeaf = { key: BigInt(contributionId), data: recordsRoot, amount: BigInt(record.count), weight: 0n };
  return (
    proof.root === versionRoot &&
    verifyTreeProof(treeId.records, file, record.index, recordLeaf, record.proof) !== undefined &&
    verifyTreeProof(treeId.datanetVersion, version, contribution.index, contributionLeaf, contribution.proof) !== undefined
  );
}
