import { encodeFunctionData, isAddressEqual } from 'viem';
import type { RecordScore } from '../evidence/evidence.ts';
import { evidenceProofsAbi } from '../generated/abis.ts';
import type { IndexLeaf } from '../release/release.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { noRow, type OpenedReceipt, type OpenedRow, openEvidence, openRow } from './openEvidence.ts';

/** A record of the evidence that is another one in the release's index, or in none; or a null threshold that is not the release's. */
export function falseRecord(given: Case): FraudProof | undefined {
  for (const one of openEvidence(given)) {
    const { item, known, opened } = one;
    const { nullThreshold, records } = item.evidence;
    if (nullThreshold !== known.release.nullThreshold)
      return prove(given, one, 0, noRow, `uses the null threshold ${nullThreshold}, its release ${known.release.nullThreshold}`);
    for (const [rank, record] of records.entries()) {
      const about = `quotes record ${record.recordId} at row ${record.position}, which is not what the index of its release says`;
      if (record.releaseHash !== one.releaseHash || record.position >= opened.release.indexRows)
        return prove(given, one, rank, noRow, about);
      const leaf = known.index?.[record.position];
      if (!known.index || !leaf || isQuoted(record, leaf)) continue;
      return prove(given, one, rank, openRow(known.index, record.position) ?? noRow, about);
    }
  }
  return undefined;
}

function isQuoted(record: RecordScore, leaf: IndexLeaf): boolean {
  return (
    leaf.recordId === record.recordId &&
    leaf.cluster === record.cluster &&
    leaf.rowRoot === record.rowRoot &&
    isAddressEqual(leaf.contributor, record.contributor)
  );
}

function prove({ accused }: Case, { item, opened }: OpenedReceipt, rank: number, row: OpenedRow, about: string): FraudProof {
  const { receipt } = item;
  return {
    contract: 'EvidenceProofs',
    fault: 'false record',
    about: `Receipt ${receipt.sequence} of channel ${receipt.channel} ${about}.`,
    data: encodeFunctionData({
      abi: evidenceProofsAbi,
      functionName: 'proveFalseRecord',
      args: [accused, opened, BigInt(rank), row],
    }),
  };
}
