import { encodeFunctionData, type Hex } from 'viem';
import type { Evidence } from '../evidence/evidence.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { dataRequestsAbi } from '../generated/abis.ts';
import { int8Chunk, int8ToHex, partialScores } from '../output/int8.ts';
import { componentsPerChunk, int8Tree } from '../output/int8Tree.ts';
import { accuse } from '../proofs/fraudProof.ts';
import { openRow } from '../proofs/openEvidence.ts';
import type { IndexLeaf, Release } from '../release/release.ts';
import { releaseHash } from '../release/releaseHash.ts';
import type { BatchHeader } from '../settlement/batch.ts';
import { treeId } from '../tree/treeId.ts';
import { treeProof } from '../tree/treeProof.ts';
import type { RowAsked } from './rowAsked.ts';

/** What an operator holds of a receipt whose row is asked for. */
export type ScoredRow = {
  release: Release;
  /** All leaves of the release's index. */
  index: readonly IndexLeaf[];
  /** The components of the row that is asked for. */
  row: Int8Array;
  evidence: Evidence;
  /** The vector behind `evidence.queryRoot`; null where nothing was attributed. */
  query: Int8Array | null;
};

/** What a row scores where there is no query: nothing that could belong into an evidence. */
const lowest = -0x8000_0000;

/**
 * The transaction to DataRequests that answers for a row: one chunk of it whole, and what the row scored, chunk by chunk.
 * Only the operator of the batch, or its signer, can send it.
 * @throws one sentence where something given is not what the request names: nothing may be stated then
 */
export function rowAnswer(header: BatchHeader, asked: RowAsked, { release, index, row, evidence, query }: ScoredRow): Hex {
  if (releaseHash(release) !== asked.releaseHash) throw new Error('The release is not the one that is asked about.');
  if (evidenceHash(evidence) !== asked.evidenceHash) throw new Error('The evidence is not the one that is asked about.');
  const opened = openRow(index, asked.position);
  if (!opened) throw new Error(`The index has no row ${asked.position}.`);
  const rowTree = int8Tree(treeId.indexRow, row);
  if (rowTree.root !== opened.leaf.rowRoot)
    throw new Error(`The components of row ${asked.position} are not those that the index commits to.`);
  if (query && int8Tree(treeId.query, query).root !== evidence.queryRoot)
    throw new Error('The query is not the one that the evidence commits to.');
  const partials = query ? partialScores(query, row) : Array(Math.ceil(release.k / componentsPerChunk)).fill(lowest);
  const components = { components: int8ToHex(int8Chunk(row, asked.chunk)), proof: treeProof(rowTree, asked.chunk) };
  return encodeFunctionData({
    abi: dataRequestsAbi,
    functionName: 'answerRow',
    args: [accuse(header, []).header, asked, { release, evidence }, opened, components, partials],
  });
}
