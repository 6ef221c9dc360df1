import { Address, ethereum } from '@graphprotocol/graph-ts';
import { RewardClaimed, RewardsActivated, VotesClaimed } from '../generated/RewardPool/RewardPool';
import { RewardAccount, RewardClaim, RewardPoint, RewardsActivation, VotesClaim } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { loadBatch } from './entities/batch';
import { batchId, eventId, pairId } from './entities/ids';
import { loadOperator } from './entities/operator';
import { loadProtocol, ZERO } from './entities/protocol';

/** What an account claimed out of an operator's rewards; the caller saves it. */
function loadRewardAccount(operator: Address, account: Address, event: ethereum.Event): RewardAccount {
  let rewards = RewardAccount.load(pairId(operator, account));
  if (rewards == null) {
    rewards = new RewardAccount(pairId(operator, account));
    rewards.operatorAccount = touch(operator, event).id;
    rewards.account = touch(account, event).id;
    rewards.claimed = ZERO;
    rewards.votesClaimed = ZERO;
  }
  rewards.updatedAt = event.block.timestamp;
  return rewards;
}

export function handleRewardsActivated(event: RewardsActivated): void {
  const operator = loadOperator(event.params.operator, event);
  operator.rewardsRoot = event.params.rewardsRoot;
  operator.rewardsAmount = event.params.amount;
  operator.rewardsWeight = event.params.weight;
  operator.save();

  const activation = new RewardsActivation(eventId(event));
  activation.operatorAccount = event.params.operator;
  const batch = loadBatch(event.params.operator, event.params.batchIndex);
  activation.batch = batch === null ? batchId(event.params.operator, event.params.batchIndex) : batch.id;
  activation.rewardsRoot = event.params.rewardsRoot;
  activation.amount = event.params.amount;
  activation.weight = event.params.weight;
  activation.funded = event.params.funded;
  activation.timestamp = event.block.timestamp;
  activation.transactionHash = event.transaction.hash;
  activation.save();
}

export function handleRewardClaimed(event: RewardClaimed): void {
  const rewards = loadRewardAccount(event.params.operator, event.params.account, event);
  rewards.claimed = event.params.cumulative;
  rewards.save();

  const account = touch(event.params.account, event);
  account.rewardsClaimed = account.rewardsClaimed.plus(event.params.amount);
  account.earned = account.earned.plus(event.params.amount);
  account.save();
  const contributes = account.contributionAcceptedCount > 0;

  const operator = loadOperator(event.params.operator, event);
  operator.rewardsClaimed = operator.rewardsClaimed.plus(event.params.amount);
  operator.save();

  const claim = new RewardClaim(eventId(event));
  claim.operatorAccount = event.params.operator;
  claim.account = event.params.account;
  claim.amount = event.params.amount;
  claim.cumulative = event.params.cumulative;
  claim.actor = touch(event.params.actor, event).id;
  claim.timestamp = event.block.timestamp;
  claim.transactionHash = event.transaction.hash;
  claim.save();

  const point = new RewardPoint(0);
  point.account = event.params.account;
  point.amount = event.params.amount;
  point.save();

  const entry = activity(event, 'REWARD_CLAIMED', event.params.account);
  entry.amount = event.params.amount;
  entry.save();

  const totals = loadProtocol();
  totals.rewardsClaimed = totals.rewardsClaimed.plus(event.params.amount);
  totals.rewardClaimCount += 1;
  if (contributes) totals.paidToContributors = totals.paidToContributors.plus(event.params.amount);
  totals.save();
}

export function handleVotesClaimed(event: VotesClaimed): void {
  const rewards = loadRewardAccount(event.params.operator, event.params.account, event);
  rewards.votesClaimed = event.params.cumulative;
  rewards.save();

  const claim = new VotesClaim(eventId(event));
  claim.operatorAccount = event.params.operator;
  claim.account = event.params.account;
  claim.weight = event.params.weight;
  claim.cumulative = event.params.cumulative;
  claim.actor = touch(event.params.actor, event).id;
  claim.timestamp = event.block.timestamp;
  claim.transactionHash = event.transaction.hash;
  claim.save();

  const entry = activity(event, 'VOTES_CLAIMED', event.params.account);
  entry.amount = event.params.weight;
  entry.save();
}
