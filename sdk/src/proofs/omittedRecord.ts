import { encodeFunctionData } from 'viem';
import { evidenceProofsAbi } from '../generated/abis.ts';
import { int8ToHex } from '../output/int8.ts';
import { componentsPerChunk } from '../output/int8Tree.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { omittedRows } from './omittedRows.ts';
import { openRow } from './openEvidence.ts';

/** A row of one chunk that evidence leaves out. What longer rows scored must be asked for on chain (`omittedLongRow`). */
export function omittedRecord(given: Case): FraudProof | undefined {
  for (const { item, opened, leaf, score, query, components } of omittedRows(given)) {
    const row = openRow(given.held?.rows.get(opened.component.releaseHash)?.leaves ?? [], leaf.position);
    if (!row || opened.release.k > componentsPerChunk) continue;
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
  return undefined;
}
