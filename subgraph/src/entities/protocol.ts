import { BigInt } from '@graphprotocol/graph-ts';
import { Protocol } from '../../generated/schema';
import { PROTOCOL_ID } from './ids';

export const ZERO = BigInt.zero();
export const ONE = BigInt.fromI32(1);

/** A uint32 that its sender chose freely, as Int: at most 2,147,483,647, so that no value stops the index. */
export function clamp(value: BigInt): i32 {
  return value.isI32() ? value.toI32() : i32.MAX_VALUE;
}

/**
 * The totals. Load them last in a handler and save them at once: `touch` in account.ts counts accounts here, so a copy
 * held across a call to it would be stale.
 */
export function loadProtocol(): Protocol {
  const known = Protocol.load(PROTOCOL_ID);
  if (known != null) return known;
  const totals = new Protocol(PROTOCOL_ID);
  totals.accountCount = 0;
  totals.datanetCount = 0;
  totals.contributionCount = 0;
  totals.contributionAcceptedCount = 0;
  totals.contributionRejectedCount = 0;
  totals.contributionWithdrawnCount = 0;
  totals.contributionRevokedCount = 0;
  totals.recordAcceptedCount = 0;
  totals.versionCount = 0;
  totals.grantCount = 0;
  totals.agentCount = 0;
  totals.modelCount = 0;
  totals.releaseCount = 0;
  totals.jobCount = 0;
  totals.jobAttestedCount = 0;
  totals.jobRefundedCount = 0;
  totals.trainingPaid = ZERO;
  totals.operatorCount = 0;
  totals.stake = ZERO;
  totals.bonded = ZERO;
  totals.slashed = ZERO;
  totals.deposited = ZERO;
  totals.withdrawn = ZERO;
  totals.sessionCount = 0;
  totals.batchCount = 0;
  totals.batchFinalCount = 0;
  totals.callCount = ZERO;
  totals.fees = ZERO;
  totals.refunded = ZERO;
  totals.batchVoidCount = 0;
  totals.challengeCount = 0;
  totals.stakeSlashed = ZERO;
  totals.protocolFees = ZERO;
  totals.allocated = ZERO;
  totals.net = ZERO;
  totals.burned = ZERO;
  totals.toTreasury = ZERO;
  totals.rewardsClaimed = ZERO;
  totals.rewardClaimCount = 0;
  totals.paidToContributors = ZERO;
  totals.poolClaimed = ZERO;
  totals.votesMinted = ZERO;
  totals.votesDelegated = ZERO;
  totals.openSupply = ZERO;
  totals.openDelegated = ZERO;
  totals.bridgeMinted = ZERO;
  totals.bridgeBurned = ZERO;
  totals.proposalCount = 0;
  totals.proposalExecutedCount = 0;
  totals.ballotCount = 0;
  totals.treasurySpent = ZERO;
  totals.treasuryStreamed = ZERO;
  totals.treasuryPromised = ZERO;
  totals.treasuryStreamCount = 0;
  return totals;
}
