import { Address, BigInt, ethereum } from '@graphprotocol/graph-ts';
import {
  BackingCollected,
  BackingWithdrawn,
  DatanetNamed,
  EvaluationReported,
  ItemsRevealed,
  ProposalBacked,
  ProposalCreated,
  ProposalEnded,
  ProposalHeld,
  ProposalPassed,
  ProposalQuoteAccepted,
  ProposalReleased,
  ProposalStarted,
  ProposalTerms,
  UseVoted,
} from '../generated/ModelProposals/ModelProposals';
import {
  Backing,
  BackerShares,
  DatanetApproval,
  ModelProposal,
  ModelProposalStep,
  UseVote,
} from '../generated/schema';
import { BackerShares as BackerSharesTemplate } from '../generated/templates';
import { touch } from './entities/account';
import { requestFile } from './entities/files';
import { eventId, memberId, numberId, versionId } from './entities/ids';
import { clamp, loadProtocol, ZERO } from './entities/protocol';
import { loadOperator } from './entities/operator';

/** As in contracts/src/types/Proposals.sol. */
const END_REASONS: string[] = [
  'CANCELLED',
  'NOT_FUNDED',
  'NOT_APPROVED',
  'NOT_STARTED',
  'NOT_TRAINED',
  'NOT_REVEALED',
  'NOT_REPORTED',
  'BELOW_MARK',
  'CONVICTED',
];

function recordStep(
  event: ethereum.Event,
  proposal: ModelProposal,
  kind: string,
  actor: Address,
  amount: BigInt | null,
): void {
  const step = new ModelProposalStep(eventId(event));
  step.proposal = proposal.id;
  step.kind = kind;
  step.actor = touch(actor, event).id;
  step.amount = amount;
  step.timestamp = event.block.timestamp;
  step.transactionHash = event.transaction.hash;
  step.save();
}

export function handleProposalCreated(event: ProposalCreated): void {
  const proposal = new ModelProposal(numberId(event.params.proposalId));
  proposal.number = event.params.proposalId.toI32();
  proposal.proposer = touch(event.params.proposer, event).id;
  proposal.status = 'OPEN';
  proposal.name = event.params.name;
  proposal.specCid = event.params.specCid;
  proposal.spec = requestFile('Document', event.params.specCid);
  proposal.trainingCid = event.params.trainingCid;
  proposal.training = requestFile('TrainingSpec', event.params.trainingCid);
  proposal.cardCid = event.params.cardCid;
  proposal.baseModel = event.params.baseModel;
  proposal.goal = event.params.goal;
  proposal.raised = ZERO;
  proposal.backerCount = 0;
  proposal.deadline = event.params.deadline;
  proposal.passMarkBps = event.params.passMarkBps;
  proposal.capBps = clamp(event.params.capBps);
  proposal.bond = event.params.bond;
  proposal.itemsCommitment = event.params.itemsCommitment;
  proposal.openCaseCount = 0;
  // Until the next event of the same transaction says them.
  proposal.operatorBps = 0;
  proposal.developerBps = 0;
  proposal.parentsBps = 0;
  proposal.backersBps = 0;
  proposal.contributorsBps = 0;
  proposal.promptPrice = ZERO;
  proposal.completionPrice = ZERO;
  proposal.retrievalPrice = ZERO;
  proposal.agentStepPrice = ZERO;
  proposal.createdAt = event.block.timestamp;
  proposal.transactionHash = event.transaction.hash;
  proposal.save();
  recordStep(event, proposal, 'CREATED', event.params.proposer, event.params.bond);
}

export function handleProposalTerms(event: ProposalTerms): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.operatorBps = event.params.operatorBps;
  proposal.developerBps = event.params.developerBps;
  proposal.parentsBps = event.params.parentsBps;
  proposal.backersBps = event.params.backersBps;
  proposal.contributorsBps = event.params.contributorsBps;
  proposal.promptPrice = event.params.promptPrice;
  proposal.completionPrice = event.params.completionPrice;
  proposal.retrievalPrice = event.params.retrievalPrice;
  proposal.agentStepPrice = event.params.agentStepPrice;
  proposal.save();
}

export function handleDatanetNamed(event: DatanetNamed): void {
  const approval = new DatanetApproval(versionId(event.params.proposalId, event.params.index));
  approval.proposal = numberId(event.params.proposalId);
  approval.index = event.params.index.toI32();
  approval.datanet = numberId(event.params.datanetId);
  approval.version = versionId(event.params.datanetId, event.params.version);
  approval.grant = numberId(event.params.grantId);
  approval.total = ZERO;
  approval.yes = ZERO;
  approval.no = ZERO;
  approval.save();
}

export function handleUseVoted(event: UseVoted): void {
  const approval = DatanetApproval.load(versionId(event.params.proposalId, event.params.index))!;
  approval.total = event.params.total;
  approval.yes = event.params.yes;
  approval.no = event.params.no;
  approval.save();

  const vote = new UseVote(eventId(event));
  vote.approval = approval.id;
  vote.contributor = touch(event.params.contributor, event).id;
  vote.approve = event.params.approve;
  vote.records = event.params.records;
  vote.timestamp = event.block.timestamp;
  vote.transactionHash = event.transaction.hash;
  vote.save();
  recordStep(event, ModelProposal.load(approval.proposal)!, 'VOTED', event.params.contributor, null);
}

export function handleProposalBacked(event: ProposalBacked): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  const id = memberId(event.params.proposalId, event.params.backer);
  let backing = Backing.load(id);
  if (backing == null) {
    backing = new Backing(id);
    backing.proposal = proposal.id;
    backing.backer = touch(event.params.backer, event).id;
    backing.amount = ZERO;
    backing.collected = false;
    backing.returned = ZERO;
    backing.createdAt = event.block.timestamp;
  }
  if (backing.amount.equals(ZERO)) proposal.backerCount += 1;
  backing.amount = event.params.backing;
  backing.transactionHash = event.transaction.hash;
  backing.save();
  proposal.raised = event.params.raised;
  proposal.save();
  recordStep(event, proposal, 'BACKED', event.params.backer, event.params.amount);
}

export function handleBackingWithdrawn(event: BackingWithdrawn): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  const backing = Backing.load(memberId(event.params.proposalId, event.params.backer))!;
  backing.amount = event.params.backing;
  backing.transactionHash = event.transaction.hash;
  backing.save();
  if (backing.amount.equals(ZERO)) proposal.backerCount -= 1;
  proposal.raised = event.params.raised;
  proposal.save();
  recordStep(event, proposal, 'WITHDRAWN', event.params.backer, event.params.amount);
}

export function handleBackingCollected(event: BackingCollected): void {
  const backing = Backing.load(memberId(event.params.proposalId, event.params.backer))!;
  backing.collected = true;
  backing.returned = event.params.paid;
  backing.transactionHash = event.transaction.hash;
  backing.save();
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  recordStep(event, proposal, 'COLLECTED', event.params.actor, event.params.paid);
}

export function handleProposalStarted(event: ProposalStarted): void {
  const shares = new BackerShares(event.params.shares);
  shares.proposal = numberId(event.params.proposalId);
  shares.units = ZERO;
  shares.cap = ZERO;
  shares.divided = ZERO;
  shares.claimed = ZERO;
  shares.beyondCap = ZERO;
  shares.ownerPaid = ZERO;
  shares.save();
  BackerSharesTemplate.create(event.params.shares);

  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.status = 'TRAINING';
  proposal.model = numberId(event.params.modelId);
  proposal.job = numberId(event.params.jobId);
  proposal.shares = shares.id;
  proposal.startedAt = event.block.timestamp;
  proposal.save();
  recordStep(event, proposal, 'STARTED', event.params.actor, proposal.goal);
}

export function handleProposalQuoteAccepted(event: ProposalQuoteAccepted): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  recordStep(event, proposal, 'QUOTE_ACCEPTED', event.params.proposer, event.params.price);
}

export function handleItemsRevealed(event: ItemsRevealed): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.status = 'REVEALED';
  proposal.release = event.params.releaseHash;
  proposal.itemsRoot = event.params.itemsRoot;
  proposal.itemsCid = event.params.itemsCid;
  proposal.reportBy = event.params.reportBy;
  proposal.save();
  recordStep(event, proposal, 'REVEALED', event.params.proposer, null);
}

export function handleEvaluationReported(event: EvaluationReported): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.status = 'REPORTED';
  proposal.scoreBps = event.params.scoreBps;
  proposal.outputsRoot = event.params.outputsRoot;
  proposal.outputsCid = event.params.outputsCid;
  proposal.disputeUntil = event.params.disputeUntil;
  proposal.save();
  recordStep(event, proposal, 'REPORTED', event.params.operator, null);
}

export function handleProposalHeld(event: ProposalHeld): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.openCaseCount += 1;
  proposal.save();
  recordStep(event, proposal, 'HELD', event.params.actor, null);
}

export function handleProposalReleased(event: ProposalReleased): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.openCaseCount -= 1;
  proposal.save();
  recordStep(event, proposal, 'RELEASED', event.params.actor, null);
}

export function handleProposalPassed(event: ProposalPassed): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.status = 'PASSED';
  proposal.spent = event.params.price;
  proposal.finishedAt = event.block.timestamp;
  proposal.save();
  recordStep(event, proposal, 'PASSED', event.params.actor, event.params.price);

  // As for a job whose requester does not hold the pay back.
  const account = touch(event.params.operator, event);
  account.trainingPaid = account.trainingPaid.plus(event.params.price);
  account.earned = account.earned.plus(event.params.price);
  account.save();
  const operator = loadOperator(event.params.operator, event);
  operator.trainingPaid = operator.trainingPaid.plus(event.params.price);
  operator.save();
  const totals = loadProtocol();
  totals.trainingPaid = totals.trainingPaid.plus(event.params.price);
  totals.save();
}

export function handleProposalEnded(event: ProposalEnded): void {
  const proposal = ModelProposal.load(numberId(event.params.proposalId))!;
  proposal.status = 'ENDED';
  proposal.endReason = END_REASONS[event.params.reason];
  proposal.bondTo = touch(event.params.bondTo, event).id;
  proposal.finishedAt = event.block.timestamp;
  proposal.save();
  recordStep(event, proposal, 'ENDED', event.params.actor, event.params.refundable);
}
