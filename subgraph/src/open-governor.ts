import { Address, BigInt, Bytes, ethereum } from '@graphprotocol/graph-ts';
import {
  ProposalCanceled,
  ProposalCreated,
  ProposalExecuted,
  ProposalOpened,
  ProposalQueued,
  ProposalThresholdSet,
  ProposalVetoed,
  TimelockChange,
  VoteCast,
  VoteCastWithParams,
  VoteParts,
  VotingDelaySet,
  VotingPeriodSet,
} from '../generated/TreasuryGovernor/OpenGovernor';
import { BallotPoint, Governor, Proposal, TreasurySpend, TreasuryStream, Vote } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { proposalId, voteId } from './entities/ids';
import { kindName, titleOf } from './decode/proposal-text';
import { loadProtocol, ZERO } from './entities/protocol';

/** A governor; the caller saves it. */
function loadGovernor(address: Address): Governor {
  const known = Governor.load(address);
  if (known != null) return known;
  const governor = new Governor(address);
  governor.proposalCount = 0;
  return governor;
}

/** A proposal; the caller saves it. `ProposalCreated` and `ProposalOpened` may come in either order. */
function loadProposal(governor: Address, number: BigInt, event: ethereum.Event): Proposal {
  const id = proposalId(governor, number);
  const known = Proposal.load(id);
  if (known != null) return known;
  const proposal = new Proposal(id);
  proposal.proposalId = number;
  proposal.governor = governor;
  proposal.proposer = Address.zero();
  proposal.title = '';
  proposal.description = '';
  proposal.targets = [];
  proposal.values = [];
  proposal.calldatas = [];
  proposal.status = 'CREATED';
  proposal.voteStart = ZERO;
  proposal.voteEnd = ZERO;
  proposal.forVotes = ZERO;
  proposal.againstVotes = ZERO;
  proposal.abstainVotes = ZERO;
  proposal.forContribution = ZERO;
  proposal.againstContribution = ZERO;
  proposal.abstainContribution = ZERO;
  proposal.forCapital = ZERO;
  proposal.againstCapital = ZERO;
  proposal.abstainCapital = ZERO;
  proposal.ballotCount = 0;
  proposal.createdAt = event.block.timestamp;
  proposal.transactionHash = event.transaction.hash;
  return proposal;
}

function recordActivity(event: ethereum.Event, kind: string, actor: Address, proposal: Bytes): void {
  const entry = activity(event, kind, actor);
  entry.proposal = proposal;
  entry.save();
}

export function handleProposalCreated(event: ProposalCreated): void {
  const proposal = loadProposal(event.address, event.params.proposalId, event);
  proposal.proposer = touch(event.params.proposer, event).id;
  proposal.description = event.params.description;
  proposal.title = titleOf(event.params.description);
  proposal.targets = changetype<Bytes[]>(event.params.targets);
  proposal.values = event.params.values;
  proposal.calldatas = event.params.calldatas;
  proposal.voteStart = event.params.voteStart;
  proposal.voteEnd = event.params.voteEnd;
  proposal.save();

  const governor = loadGovernor(event.address);
  governor.proposalCount += 1;
  governor.save();
  recordActivity(event, 'PROPOSAL_CREATED', event.params.proposer, proposal.id);

  const totals = loadProtocol();
  totals.proposalCount += 1;
  totals.save();
}

export function handleProposalOpened(event: ProposalOpened): void {
  const kind = kindName(event.params.kind);
  const proposal = loadProposal(event.address, event.params.proposalId, event);
  proposal.kind = kind;
  proposal.quorum = event.params.quorum;
  proposal.save();

  const governor = loadGovernor(event.address);
  governor.kind = kind;
  governor.save();
}

/** A ballot; the caller saves it. Its two events may come in either order. */
function loadVote(proposal: BigInt, voter: Address, event: ethereum.Event): Vote {
  const id = voteId(event.address, proposal, voter);
  const known = Vote.load(id);
  if (known != null) return known;
  const vote = new Vote(id);
  vote.proposal = proposalId(event.address, proposal);
  vote.voter = touch(voter, event).id;
  vote.support = 'ABSTAIN';
  vote.weight = ZERO;
  vote.contribution = ZERO;
  vote.capital = ZERO;
  vote.reason = '';
  vote.timestamp = event.block.timestamp;
  vote.transactionHash = event.transaction.hash;
  return vote;
}

const SUPPORT: string[] = ['AGAINST', 'FOR', 'ABSTAIN'];

function recordVote(number: BigInt, voter: Address, support: i32, weight: BigInt, reason: string, event: ethereum.Event): void {
  const vote = loadVote(number, voter, event);
  vote.support = support < SUPPORT.length ? SUPPORT[support] : 'ABSTAIN';
  vote.weight = weight;
  vote.reason = reason;
  vote.save();

  const proposal = loadProposal(event.address, number, event);
  if (support == 0) proposal.againstVotes = proposal.againstVotes.plus(weight);
  if (support == 1) proposal.forVotes = proposal.forVotes.plus(weight);
  if (support == 2) proposal.abstainVotes = proposal.abstainVotes.plus(weight);
  proposal.ballotCount += 1;
  proposal.save();

  const account = touch(voter, event);
  account.ballotCount += 1;
  account.save();

  const point = new BallotPoint(0);
  point.weight = weight;
  point.save();
  recordActivity(event, 'VOTE_CAST', voter, proposal.id);

  const totals = loadProtocol();
  totals.ballotCount += 1;
  totals.save();
}

export function handleVoteCast(event: VoteCast): void {
  recordVote(event.params.proposalId, event.params.voter, event.params.support, event.params.weight, event.params.reason, event);
}

export function handleVoteCastWithParams(event: VoteCastWithParams): void {
  recordVote(event.params.proposalId, event.params.voter, event.params.support, event.params.weight, event.params.reason, event);
}

export function handleVoteParts(event: VoteParts): void {
  const vote = loadVote(event.params.proposalId, event.params.voter, event);
  vote.contribution = event.params.contribution;
  vote.capital = event.params.capital;
  vote.save();

  const proposal = loadProposal(event.address, event.params.proposalId, event);
  const support = event.params.support;
  if (support == 0) {
    proposal.againstContribution = proposal.againstContribution.plus(event.params.contribution);
    proposal.againstCapital = proposal.againstCapital.plus(event.params.capital);
  } else if (support == 1) {
    proposal.forContribution = proposal.forContribution.plus(event.params.contribution);
    proposal.forCapital = proposal.forCapital.plus(event.params.capital);
  } else {
    proposal.abstainContribution = proposal.abstainContribution.plus(event.params.contribution);
    proposal.abstainCapital = proposal.abstainCapital.plus(event.params.capital);
  }
  proposal.save();
}

export function handleProposalQueued(event: ProposalQueued): void {
  const proposal = loadProposal(event.address, event.params.proposalId, event);
  proposal.status = 'QUEUED';
  proposal.eta = event.params.etaSeconds;
  proposal.queuedAt = event.block.timestamp;
  proposal.save();
  recordActivity(event, 'PROPOSAL_QUEUED', event.transaction.from, proposal.id);
}

/** How many logs before its `ProposalExecuted` are searched for payments that a proposal made. */
const SPENDS_WITHIN = 32;

export function handleProposalExecuted(event: ProposalExecuted): void {
  const proposal = loadProposal(event.address, event.params.proposalId, event);
  proposal.status = 'EXECUTED';
  proposal.executedAt = event.block.timestamp;
  proposal.executedTransactionHash = event.transaction.hash;
  proposal.save();

  // The governor announces an execution after its calls, so what the treasury spent lies before it.
  const last = event.logIndex.toI32();
  for (let index = last - 1; index >= 0 && index >= last - SPENDS_WITHIN; index--) {
    const spend = TreasurySpend.load(event.transaction.hash.concatI32(index));
    if (spend == null || spend.proposal !== null) continue;
    spend.proposal = proposal.id;
    spend.save();
  }
  // Streams are numbered, so those of this transaction are the newest; an earlier execution in it has named its own.
  for (let number = loadProtocol().treasuryStreamCount; number > 0; number--) {
    const stream = TreasuryStream.load(number.toString());
    if (stream == null || stream.transactionHash != event.transaction.hash || stream.proposal !== null) break;
    stream.proposal = proposal.id;
    stream.save();
  }
  recordActivity(event, 'PROPOSAL_EXECUTED', event.transaction.from, proposal.id);

  const totals = loadProtocol();
  totals.proposalExecutedCount += 1;
  totals.save();
}

/** A veto also cancels; it stays a veto. */
export function handleProposalCanceled(event: ProposalCanceled): void {
  const proposal = loadProposal(event.address, event.params.proposalId, event);
  if (proposal.status != 'VETOED') proposal.status = 'CANCELED';
  proposal.canceledAt = event.block.timestamp;
  proposal.save();
  recordActivity(event, 'PROPOSAL_CANCELED', event.transaction.from, proposal.id);
}

export function handleProposalVetoed(event: ProposalVetoed): void {
  const proposal = loadProposal(event.address, event.params.proposalId, event);
  proposal.status = 'VETOED';
  proposal.guardian = touch(event.params.guardian, event).id;
  proposal.canceledAt = event.block.timestamp;
  proposal.save();
  recordActivity(event, 'PROPOSAL_VETOED', event.params.guardian, proposal.id);
}

export function handleTimelockChange(event: TimelockChange): void {
  const governor = loadGovernor(event.address);
  governor.timelock = event.params.newTimelock;
  governor.save();
}

export function handleVotingDelaySet(event: VotingDelaySet): void {
  const governor = loadGovernor(event.address);
  governor.votingDelay = event.params.newVotingDelay;
  governor.save();
}

export function handleVotingPeriodSet(event: VotingPeriodSet): void {
  const governor = loadGovernor(event.address);
  governor.votingPeriod = event.params.newVotingPeriod;
  governor.save();
}

export function handleProposalThresholdSet(event: ProposalThresholdSet): void {
  const governor = loadGovernor(event.address);
  governor.proposalThreshold = event.params.newProposalThreshold;
  governor.save();
}
