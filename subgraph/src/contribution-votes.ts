import { Address } from '@graphprotocol/graph-ts';
import { DelegateChanged, DelegateVotesChanged, VotesMinted } from '../generated/ContributionVotes/ContributionVotes';
import { VotesMint, VotesPoint } from '../generated/schema';
import { touch } from './entities/account';
import { recordDelegation } from './entities/delegation';
import { eventId } from './entities/ids';
import { loadProtocol } from './entities/protocol';

export function handleVotesMinted(event: VotesMinted): void {
  const account = touch(event.params.account, event);
  account.votesMinted = account.votesMinted.plus(event.params.weight);
  account.save();

  const totals = loadProtocol();
  totals.votesMinted = totals.votesMinted.plus(event.params.weight);
  totals.save();

  const mint = new VotesMint(eventId(event));
  mint.account = event.params.account;
  mint.weight = event.params.weight;
  mint.total = event.params.total;
  mint.timestamp = event.block.timestamp;
  mint.transactionHash = event.transaction.hash;
  mint.save();

  const point = new VotesPoint(0);
  point.weight = event.params.weight;
  point.save();
}

export function handleDelegateChanged(event: DelegateChanged): void {
  const delegator = touch(event.params.delegator, event);
  const to = event.params.toDelegate;
  if (to == Address.zero()) delegator.contributionDelegate = null;
  else delegator.contributionDelegate = to;
  delegator.save();
  recordDelegation('CONTRIBUTION', event.params.delegator, event.params.fromDelegate, to, event);
}

export function handleDelegateVotesChanged(event: DelegateVotesChanged): void {
  const delegate = touch(event.params.delegate, event);
  delegate.contributionVotes = event.params.newVotes;
  delegate.save();
  const totals = loadProtocol();
  totals.votesDelegated = totals.votesDelegated.plus(event.params.newVotes).minus(event.params.previousVotes);
  totals.save();
}
