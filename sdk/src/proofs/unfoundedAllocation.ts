import { encodeFunctionData, stringToHex, zeroAddress } from 'viem';
import type { Allocation } from '../evidence/evidence.ts';
import { evidenceProofsAbi } from '../generated/abis.ts';
import type { DatanetUse } from '../release/release.ts';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { restates } from '../settlement/feePolicy.ts';
import { allocationsFromEvidence } from '../verify/allocationsFromEvidence.ts';
import { sameAddress } from '../verify/checks.ts';
import { sameAllocations } from '../verify/sameAllocations.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { type OpenedReceipt, openEvidence } from './openEvidence.ts';
import { statedAllocations } from './statedAllocations.ts';

/** A receipt whose stated allocation does not follow from its evidence. Of receipts of a single release. */
export function unfoundedAllocation(given: Case): FraudProof | undefined {
  const { batch, accused } = given;
  const byChannel = new Map(batch.entries.map((entry) => [entry.id, entry]));
  for (const one of openEvidence(given)) {
    const { item, known, opened } = one;
    const { receipt } = item;
    const index = batch.entries.findIndex(({ id }) => id === receipt.channel);
    const stated = index === -1 ? undefined : statedAllocations(item, byChannel, given);
    if (!stated || (areSound(given, known.uses) && follows(given, one, stated))) continue;
    const derivation = {
      channel: { channels: batch.channels, index: BigInt(index) },
      parameters: stringToHex(canonicalJson(batch.file.parameters)),
      datanets: known.uses,
      stated,
    };
    return {
      contract: 'EvidenceProofs',
      fault: 'unfounded allocation',
      about: `The allocation of receipt ${receipt.sequence} of channel ${receipt.channel} does not follow from its evidence.`,
      data: encodeFunctionData({
        abi: evidenceProofsAbi,
        functionName: 'proveUnfoundedAllocation',
        args: [accused, opened, derivation],
      }),
    };
  }
  return undefined;
}

/** Whether cap, burned share, channels' weights, floor and pools are the chain's: from others nothing follows. */
function areSound({ batch, facts }: Case, uses: readonly DatanetUse[]): boolean {
  const { poolSizes } = batch.file.parameters;
  const { policy, pools } = facts;
  return (
    restates(batch.file.parameters, policy) &&
    poolSizes.every(
      ({ datanetId, pool }) =>
        uses.some((use) => use.datanetId === datanetId) && sameAddress(pools.get(datanetId) ?? zeroAddress, pool),
    ) &&
    uses.every((use) => poolSizes.some(({ datanetId }) => datanetId === use.datanetId))
  );
}

/** Whether the allocation is the one of the evidence for some owner and day; from evidence beyond its limits nothing follows. */
function follows({ batch, facts }: Case, { item }: OpenedReceipt, stated: readonly Allocation[]): boolean {
  const byChannel = new Map(batch.entries.map((entry) => [entry.id, entry]));
  try {
    for (const computed of allocationsFromEvidence(item, byChannel, batch.file, batch.header, facts))
      if (sameAllocations(computed, stated)) return true;
    return false;
  } catch {
    return false;
  }
}
