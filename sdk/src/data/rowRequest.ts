import type { ContractFunctionArgs } from 'viem';
import type { dataRequestsAbi } from '../generated/abis.ts';
import { accuse } from '../proofs/fraudProof.ts';
import type { OpenedEvidence } from '../proofs/openEvidence.ts';
import { type BatchHeader, headerHash } from '../settlement/batch.ts';
import type { RowAsked } from './rowAsked.ts';

/** A request for a row that a receipt was scored with: the arguments of `requestRow`, and what names it. */
export function rowRequest(
  header: BatchHeader,
  opened: OpenedEvidence,
  position: number,
  chunk: number,
): { asked: RowAsked; args: ContractFunctionArgs<typeof dataRequestsAbi, 'nonpayable', 'requestRow'> } {
  const [{ releaseHash }, { evidenceHash }] = [opened.component, opened.receipt.receipt];
  return {
    asked: { headerHash: headerHash(header), releaseHash, evidenceHash, position, chunk },
    args: [accuse(header, []).header, opened, position, chunk],
  };
}
