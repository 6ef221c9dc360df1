import { Address, BigInt, ethereum } from '@graphprotocol/graph-ts';
import {
  CaseAnswered,
  CaseDecided,
  CaseFiled,
  JurorDrawn,
  JurorRewarded,
  JurorStaked,
  JurorStakeWithdrawn,
  JurorUnstaked,
  NoShowPenalised,
  RoundDrawn,
  RoundFailed,
  VoteCommitted,
  VoteRevealed,
} from '../generated/Jury/Jury';
import { JurorStake, JuryCase, JuryDraw, JuryVerdict, JuryVote } from '../generated/schema';
import { touch } from './entities/account';
import { numberId, roundId, seatId } from './entities/ids';
import { ZERO } from './entities/protocol';

/** Names of the contract's numbers. */
const QUESTIONS: string[] = ['OUTPUT', 'QUERY', 'ROW', 'TRAINING', 'EVALUATION'];
const STATUSES: string[] = ['', 'OPEN', 'GUILTY', 'INNOCENT', 'DISMISSED'];
const CHOICES: string[] = ['', 'GUILTY', 'INNOCENT'];

function loadJuror(address: Address, event: ethereum.Event): JurorStake {
  const known = JurorStake.load(address);
  if (known != null) return known;
  const juror = new JurorStake(address);
  juror.account = touch(address, event).id;
  juror.stake = ZERO;
  juror.leaving = ZERO;
  juror.dutyCount = 0;
  juror.noShowCount = 0;
  juror.rewarded = ZERO;
  juror.penalised = ZERO;
  juror.stakedAt = event.block.timestamp;
  return juror;
}

/** A case that was filed before: every other event of a case follows that one. */
function loadCase(number: BigInt): JuryCase {
  return JuryCase.load(numberId(number))!;
}

function loadVote(number: BigInt, round: i32, juror: Address): JuryVote {
  return JuryVote.load(seatId(number, round, juror))!;
}

export function handleJurorStaked(event: JurorStaked): void {
  const juror = loadJuror(event.params.juror, event);
  juror.stake = event.params.stake;
  juror.save();
}

export function handleJurorUnstaked(event: JurorUnstaked): void {
  const juror = loadJuror(event.params.juror, event);
  juror.stake = event.params.stake;
  juror.leaving = event.params.leaving;
  juror.leavesAt = event.params.leavesAt;
  juror.save();
}

export function handleJurorStakeWithdrawn(event: JurorStakeWithdrawn): void {
  const juror = loadJuror(event.params.juror, event);
  juror.leaving = ZERO;
  juror.leavesAt = null;
  juror.save();
}

export function handleCaseFiled(event: CaseFiled): void {
  const entry = new JuryCase(numberId(event.params.caseId));
  entry.number = event.params.caseId.toI32();
  entry.accused = touch(event.params.accused, event).id;
  entry.filer = touch(event.params.filer, event).id;
  entry.question = QUESTIONS[event.params.question];
  entry.status = 'OPEN';
  entry.target = event.params.target;
  entry.object = event.params.object;
  entry.releaseHash = event.params.releaseHash;
  entry.batchIndex = event.params.batchIndex;
  entry.detail = event.params.detail;
  entry.bond = event.params.bond;
  entry.round = 1;
  entry.seats = event.params.seats;
  entry.drawn = 0;
  entry.seedBlock = event.params.seedBlock;
  entry.drawBy = event.params.drawBy;
  entry.statementCid = event.params.statementCid;
  entry.filedAt = event.block.timestamp;
  entry.transactionHash = event.transaction.hash;
  entry.save();
}

export function handleCaseAnswered(event: CaseAnswered): void {
  const entry = loadCase(event.params.caseId);
  entry.answerCid = event.params.statementCid;
  entry.save();
}

/** Comes before the RoundDrawn of the same transaction. */
export function handleJurorDrawn(event: JurorDrawn): void {
  const juror = loadJuror(event.params.juror, event);
  juror.dutyCount += 1;
  juror.save();
  const vote = new JuryVote(seatId(event.params.caseId, event.params.round, event.params.juror));
  vote.juryCase = numberId(event.params.caseId);
  vote.juror = juror.id;
  vote.round = event.params.round;
  vote.penalty = event.params.penalty;
  vote.isNoShow = false;
  vote.reward = ZERO;
  vote.drawnAt = event.block.timestamp;
  vote.save();
}

export function handleRoundDrawn(event: RoundDrawn): void {
  const entry = loadCase(event.params.caseId);
  entry.drawn = event.params.drawn;
  entry.commitBy = event.params.commitBy;
  entry.revealBy = event.params.revealBy;
  entry.save();
  const draw = new JuryDraw(roundId(event.params.caseId, event.params.round));
  draw.juryCase = entry.id;
  draw.round = event.params.round;
  draw.seed = event.params.seed;
  draw.drawn = event.params.drawn;
  draw.actor = touch(event.params.actor, event).id;
  draw.timestamp = event.block.timestamp;
  draw.transactionHash = event.transaction.hash;
  draw.save();
}

export function handleVoteCommitted(event: VoteCommitted): void {
  const vote = loadVote(event.params.caseId, event.params.round, event.params.juror);
  vote.commitment = event.params.commitment;
  vote.committedAt = event.block.timestamp;
  vote.save();
}

export function handleVoteRevealed(event: VoteRevealed): void {
  const vote = loadVote(event.params.caseId, event.params.round, event.params.juror);
  vote.choice = CHOICES[event.params.vote];
  vote.revealedAt = event.block.timestamp;
  vote.save();
}

export function handleNoShowPenalised(event: NoShowPenalised): void {
  const juror = loadJuror(event.params.juror, event);
  juror.stake = event.params.stake;
  juror.noShowCount += 1;
  juror.penalised = juror.penalised.plus(event.params.penalty);
  juror.save();
  const vote = loadVote(event.params.caseId, event.params.round, event.params.juror);
  vote.isNoShow = true;
  vote.save();
}

export function handleJurorRewarded(event: JurorRewarded): void {
  const juror = loadJuror(event.params.juror, event);
  juror.rewarded = juror.rewarded.plus(event.params.reward);
  juror.save();
  const vote = loadVote(event.params.caseId, event.params.round, event.params.juror);
  vote.reward = event.params.reward;
  vote.save();
}

export function handleRoundFailed(event: RoundFailed): void {
  const entry = loadCase(event.params.caseId);
  entry.round = 2;
  entry.seats = event.params.seats;
  entry.drawn = 0;
  entry.seedBlock = event.params.seedBlock;
  entry.drawBy = event.params.drawBy;
  entry.commitBy = null;
  entry.revealBy = null;
  entry.save();
}

export function handleCaseDecided(event: CaseDecided): void {
  const entry = loadCase(event.params.caseId);
  const verdict = new JuryVerdict(entry.id);
  verdict.juryCase = entry.id;
  verdict.status = STATUSES[event.params.status];
  verdict.guilty = event.params.guilty;
  verdict.innocent = event.params.innocent;
  verdict.slashed = event.params.slashed;
  verdict.bounty = event.params.bounty;
  verdict.jurors = event.params.jurors;
  verdict.compensation = event.params.compensation;
  verdict.actor = touch(event.params.actor, event).id;
  verdict.timestamp = event.block.timestamp;
  verdict.transactionHash = event.transaction.hash;
  verdict.save();
  entry.status = verdict.status;
  entry.verdict = verdict.id;
  entry.save();
}
