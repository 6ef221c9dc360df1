import { type ContractFunctionArgs, encodeFunctionData } from 'viem';
import { evidenceProofsAbi } from '../generated/abis.ts';
import { int8Chunk, int8ToHex, partialScores } from '../output/int8.ts';
import { componentsPerChunk, int8Tree } from '../output/int8Tree.ts';
import { treeId } from '../tree/treeId.ts';
import { treeProof } from '../tree/treeProof.ts';
import type { Case, FraudProof, Held } from './fraudProof.ts';
import { type OpenedReceipt, openEvidence } from './openEvidence.ts';

type Components = ContractFunctionArgs<typeof evidenceProofsAbi, 'nonpayable', 'proveFalseScore'>[4];
/** Where the fault shows without query and row. */
const noComponents: Components = { components: '0x', proof: '0x' };

type Found = { rank: number; chunk: number; query: Components; row: Components; about: string };

/**
 * A record that does not have one partial score for each chunk of its row, or, where the payer's query is given with the
 * release's rows, one that is not the product of the two.
 */
export function falseScore(given: Case): FraudProof | undefined {
  for (const one of openEvidence(given)) {
    const found = misshapen(one) ?? miscalculated(one, given.held);
    if (!found) continue;
    const { receipt } = one.item;
    return {
      contract: 'EvidenceProofs',
      fault: 'false score',
      about: `Receipt ${receipt.sequence} of channel ${receipt.channel} scores record ${found.rank} ${found.about}.`,
      data: encodeFunctionData({
        abi: evidenceProofsAbi,
        functionName: 'proveFalseScore',
        args: [given.accused, one.opened, BigInt(found.rank), found.chunk, found.query, found.row],
      }),
    };
  }
  return undefined;
}

function misshapen({ item, opened }: OpenedReceipt): Found | undefined {
  const chunks = Math.ceil(opened.release.k / componentsPerChunk);
  const rank = item.evidence.records.findIndex(({ partials }) => partials.length !== chunks);
  if (rank === -1) return undefined;
  return { rank, chunk: 0, query: noComponents, row: noComponents, about: 'in other parts than its row has' };
}

function miscalculated({ item, releaseHash }: OpenedReceipt, held: Held | undefined): Found | undefined {
  const { queryRoot, records } = item.evidence;
  const [query, rows] = [held?.queries.get(queryRoot), held?.rows.get(releaseHash)];
  if (!query || !rows) return undefined;
  for (const [rank, { position, rowRoot, partials }] of records.entries()) {
    if (rows.leaves[position]?.rowRoot !== rowRoot) continue; // another fault: a false record
    const row = rows.componentsAt(position);
    const products = partialScores(query, row);
    const chunk = products.findIndex((product, index) => product !== partials[index]);
    if (chunk === -1) continue;
    return {
      rank,
      chunk,
      query: openComponents(treeId.query, query, chunk),
      row: openComponents(treeId.indexRow, row, chunk),
      about: `${partials[chunk]} in chunk ${chunk}, where query and row give ${products[chunk]}`,
    };
  }
  return undefined;
}

function openComponents(id: typeof treeId.indexRow | typeof treeId.query, vector: Int8Array, chunk: number): Components {
  return { components: int8ToHex(int8Chunk(vector, chunk)), proof: treeProof(int8Tree(id, vector), chunk) };
}
