import { BigInt, Value } from '@graphprotocol/graph-ts';
import {
  BondReturned,
  JudgementCommitted,
  JudgementRevealed,
  RoundOpened,
  RoundScored,
  RoundStruck,
  RoundVoided,
  StandingChanged,
} from '../generated/EvaluationRounds/EvaluationRounds';
import { EvaluationRound, Judgement, Model, Release } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { memberId, numberId } from './entities/ids';
import { ZERO } from './entities/protocol';

/** `RoundStatus` of the contract, by its position there; the first is of no round. */
const STATUSES = ['OPEN', 'OPEN', 'SCORED', 'NO_QUORUM', 'WITHHELD', 'LEAKED', 'STRUCK'];

function loadRound(number: BigInt): EvaluationRound {
  return EvaluationRound.load(numberId(number))!;
}

export function handleRoundOpened(event: RoundOpened): void {
  const round = new EvaluationRound(numberId(event.params.roundId));
  const modelA = Release.load(event.params.releaseA)!.model;
  round.number = event.params.roundId.toI32();
  round.status = 'OPEN';
  round.opener = touch(event.params.opener, event).id;
  round.releaseA = event.params.releaseA;
  round.releaseB = event.params.releaseB;
  round.modelA = modelA;
  round.modelB = Release.load(event.params.releaseB)!.model;
  round.questions = event.params.questions;
  round.assignmentHash = event.params.assignmentHash;
  round.documentCid = event.params.documentCid;
  round.bond = event.params.bond;
  round.bondReturned = false;
  round.forfeited = ZERO;
  round.commitEnd = event.params.commitEnd;
  round.revealEnd = event.params.revealEnd;
  round.assignmentEnd = event.params.assignmentEnd;
  round.committedCount = 0;
  round.judgeCount = 0;
  round.power = ZERO;
  round.gained = 0;
  round.openedAt = event.block.timestamp;
  round.transactionHash = event.transaction.hash;
  round.save();

  const entry = activity(event, 'ROUND_OPENED', event.params.opener);
  entry.model = modelA;
  entry.save();
}

export function handleJudgementCommitted(event: JudgementCommitted): void {
  const id = memberId(event.params.roundId, event.params.judge);
  let judgement = Judgement.load(id);
  if (judgement == null) {
    const round = loadRound(event.params.roundId);
    round.committedCount += 1;
    round.save();
    judgement = new Judgement(id);
    judgement.round = round.id;
    judgement.judge = touch(event.params.judge, event).id;
  }
  judgement.commitment = event.params.commitment;
  judgement.committedAt = event.block.timestamp;
  judgement.transactionHash = event.transaction.hash;
  judgement.save();
}

export function handleJudgementRevealed(event: JudgementRevealed): void {
  const round = loadRound(event.params.roundId);
  round.judgeCount += 1;
  round.power = round.power.plus(event.params.power);
  round.save();

  const judgement = Judgement.load(memberId(event.params.roundId, event.params.judge))!;
  judgement.ballot = event.params.ballot;
  judgement.power = event.params.power;
  judgement.revealedAt = event.block.timestamp;
  judgement.transactionHash = event.transaction.hash;
  judgement.save();
}

export function handleRoundScored(event: RoundScored): void {
  const round = loadRound(event.params.roundId);
  round.status = STATUSES[event.params.status];
  round.salt = event.params.salt;
  round.closedAt = event.block.timestamp;
  if (round.status == 'SCORED') {
    // a nullable Int has no class of its own, so it is set only where it is known
    round.set('scoreA', Value.fromI32(event.params.scoreA));
    round.gained = event.params.gained;
    const entry = activity(event, 'ROUND_SCORED', event.params.actor);
    entry.model = round.modelA;
    entry.save();
  }
  round.save();
}

export function handleStandingChanged(event: StandingChanged): void {
  const model = Model.load(numberId(event.params.modelId))!;
  model.judgedPoints = event.params.points.toI32();
  model.judgedRounds = event.params.rounds.toI32();
  model.save();
}

export function handleRoundVoided(event: RoundVoided): void {
  const round = loadRound(event.params.roundId);
  round.status = STATUSES[event.params.status];
  round.forfeited = event.params.forfeited;
  round.closedAt = event.block.timestamp;
  round.save();
}

export function handleRoundStruck(event: RoundStruck): void {
  const round = loadRound(event.params.roundId);
  round.status = 'STRUCK';
  round.forfeited = event.params.forfeited;
  round.struckBecause = event.params.reason;
  round.closedAt = event.block.timestamp;
  round.save();
}

export function handleBondReturned(event: BondReturned): void {
  const round = loadRound(event.params.roundId);
  round.bondReturned = true;
  round.save();
}
