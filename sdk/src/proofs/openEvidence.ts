import { type ContractFunctionArgs, type Hex, zeroAddress } from 'viem';
import type { evidenceProofsAbi } from '../generated/abis.ts';
import { indexTree } from '../release/indexTree.ts';
import type { IndexLeaf } from '../release/release.ts';
import type { SettledReceipt } from '../settlement/batchFile.ts';
import { zeroHash } from '../tree/nodes.ts';
import { treeProof } from '../tree/treeProof.ts';
import type { ReleaseFacts } from '../verify/batchFacts.ts';
import type { Case } from './fraudProof.ts';
import { openLeaf } from './opening.ts';

type Arguments<N extends 'proveFalseRecord' | 'proveUnfoundedAllocation'> = ContractFunctionArgs<
  typeof evidenceProofsAbi,
  'nonpayable',
  N
>;
export type OpenedEvidence = Arguments<'proveFalseRecord'>[1];
export type OpenedRow = Arguments<'proveFalseRecord'>[3];
export type Derivation = Arguments<'proveUnfoundedAllocation'>[2];

const whole = 10_000;

/** Where the fault shows without a row of the index. */
export const noRow: OpenedRow = {
  leaf: {
    position: 0,
    recordId: zeroHash,
    contributor: zeroAddress,
    cluster: zeroHash,
    tokensRoot: zeroHash,
    scaleBits: 0,
    rowRoot: zeroHash,
  },
  proof: '0x',
};

/** The row of an index at a position, with its path. */
export function openRow(index: readonly IndexLeaf[], position: number): OpenedRow | undefined {
  const leaf = index[position];
  return leaf && { leaf, proof: treeProof(indexTree(index), position) };
}

/** A receipt of a single release with its evidence, opened, and what its release is. */
export type OpenedReceipt = {
  item: SettledReceipt;
  releaseHash: Hex;
  known: ReleaseFacts & Required<Pick<ReleaseFacts, 'release' | 'uses'>>;
  opened: OpenedEvidence;
};

/** The receipts of a batch whose evidence can be opened to the chain: of a single release with a manifest that is there. */
export function* openEvidence({ batch, facts }: Pick<Case, 'batch' | 'facts'>): Generator<OpenedReceipt> {
  const { receiptsTree: tree, receipts } = batch;
  if (!tree) return;
  for (const [position, item] of receipts.entries()) {
    const [component] = item.composition;
    const known = component && facts.releases.get(component.releaseHash);
    if (!component || item.composition.length !== 1 || component.weightBps !== whole) continue;
    if (!known?.release || !known.uses) continue;
    const { release, uses } = known;
    const receipt = { leaf: openLeaf(tree, position + 1), receipt: item.receipt };
    const opened = { receipt, component, release, evidence: item.evidence };
    yield { item, releaseHash: component.releaseHash, known: { ...known, release, uses }, opened };
  }
}
