import { type ContractFunctionArgs, encodeFunctionData } from 'viem';
import { evidenceProofsAbi } from '../generated/abis.ts';
import { componentsPerChunk } from '../output/int8Tree.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { openEvidence } from './openEvidence.ts';

type Components = ContractFunctionArgs<typeof evidenceProofsAbi, 'nonpayable', 'proveFalseScore'>[4];
/** Where the fault shows without query and row. */
const noComponents: Components = { components: '0x', proof: '0x' };

/**
 * A record that does not have one partial score for each chunk of its row. Whether a partial score is the product it should
 * be, only those can prove who have the query: it is not published.
 */
export function falseScore(given: Case): FraudProof | undefined {
  for (const { item, opened } of openEvidence(given)) {
    const chunks = Math.ceil(opened.release.k / componentsPerChunk);
    const rank = item.evidence.records.findIndex(({ partials }) => partials.length !== chunks);
    if (rank === -1) continue;
    const { receipt } = item;
    return {
      contract: 'EvidenceProofs',
      fault: 'false score',
      about: `Receipt ${receipt.sequence} of channel ${receipt.channel} scores record ${rank} in other parts than its row has.`,
      data: encodeFunctionData({
        abi: evidenceProofsAbi,
        functionName: 'proveFalseScore',
        args: [given.accused, opened, BigInt(rank), 0, noComponents, noComponents],
      }),
    };
  }
  return undefined;
}
