import { encodeFunctionData } from 'viem';
import { belongs } from '../evidence/rankRows.ts';
import { evidenceProofsAbi } from '../generated/abis.ts';
import { int8Dot, int8ToHex } from '../output/int8.ts';
import { componentsPerChunk } from '../output/int8Tree.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openEvidence, openRow } from './openEvidence.ts';

/** A row of one chunk that scores above the threshold and better than what the evidence lists in its place. */
export function omittedRecord(given: Case): FraudProof | undefined {
  for (const { item, releaseHash, opened } of openEvidence(given)) {
    const { queryRoot, records } = item.evidence;
    const [query, rows] = [given.held?.queries.get(queryRoot), given.held?.rows.get(releaseHash)];
    if (!query || !rows || opened.release.k > componentsPerChunk) continue;
    const { nullThreshold } = opened.release;
    for (const leaf of rows.leaves) {
      const components = rows.componentsAt(leaf.position);
      const score = int8Dot(query, components);
      if (score <= nullThreshold || !belongs(records, leaf, score)) continue;
      const row = openRow(rows.leaves, leaf.position);
      if (!row) continue;
      const { receipt } = item;
      return {
        contract: 'EvidenceProofs',
        fault: 'omitted record',
        about: `Receipt ${receipt.sequence} of channel ${receipt.channel} leaves out record ${leaf.recordId}, which scores ${score}.`,
        data: encodeFunctionData({
          abi: evidenceProofsAbi,
          functionName: 'proveOmittedRecord',
          args: [given.accused, opened, row, int8ToHex(query), int8ToHex(components)],
        }),
      };
    }
  }
  return undefined;
}
