import { Address, BigInt, Bytes, ethereum } from '@graphprotocol/graph-ts';
import {
  OperatorRegistered,
  OperatorUpdated,
  Slashed,
  Staked,
  Unbonded,
  UnbondingStarted,
} from '../generated/OperatorRegistry/OperatorRegistry';
import { Challenge, Operator, Slash, SlashPoint, StakeChange, StakePoint } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { requestFile } from './entities/files';
import { eventId } from './entities/ids';
import { loadOperator } from './entities/operator';
import { loadProtocol, ZERO } from './entities/protocol';

function describe(operator: Operator, signer: Bytes, endpoint: string, metadataCid: string): void {
  operator.signer = signer;
  operator.endpoint = endpoint;
  operator.metadataCid = metadataCid;
  operator.metadata = requestFile('Document', metadataCid);
  operator.save();
}

export function handleOperatorRegistered(event: OperatorRegistered): void {
  const operator = loadOperator(event.params.operator, event);
  describe(operator, event.params.signer, event.params.endpoint, event.params.metadataCid);
  activity(event, 'OPERATOR_REGISTERED', event.params.operator).save();
}

export function handleOperatorUpdated(event: OperatorUpdated): void {
  const operator = loadOperator(event.params.operator, event);
  describe(operator, event.params.signer, event.params.endpoint, event.params.metadataCid);
}

/** Records that an operator's stake, without what is unbonding, is now `stake`. */
function recordStake(
  operator: Operator,
  actor: Address,
  kind: string,
  amount: BigInt,
  stake: BigInt,
  event: ethereum.Event,
): void {
  const change = stake.minus(operator.stake);
  operator.stake = stake;
  operator.save();

  const entry = new StakeChange(eventId(event));
  entry.operator = operator.id;
  entry.actor = touch(actor, event).id;
  entry.kind = kind;
  entry.amount = amount;
  entry.stake = stake;
  entry.timestamp = event.block.timestamp;
  entry.transactionHash = event.transaction.hash;
  entry.save();

  const feed = activity(event, kind, actor);
  feed.amount = amount;
  feed.save();

  if (change.equals(ZERO)) return;
  const point = new StakePoint(0);
  point.change = change;
  point.save();
  const totals = loadProtocol();
  totals.stake = totals.stake.plus(change);
  totals.save();
}

export function handleStaked(event: Staked): void {
  const operator = loadOperator(event.params.operator, event);
  recordStake(operator, event.params.actor, 'STAKED', event.params.amount, event.params.stake, event);
}

/** An unbonding replaces the one before it: what that one held counts as stake again. */
export function handleUnbondingStarted(event: UnbondingStarted): void {
  const operator = loadOperator(event.params.operator, event);
  const stake = operator.stake.plus(operator.unbonding).minus(event.params.amount);
  operator.unbonding = event.params.amount;
  operator.unbondedAt = event.params.unbondedAt;
  recordStake(operator, event.params.operator, 'UNBONDING_STARTED', event.params.amount, stake, event);
}

export function handleSlashed(event: Slashed): void {
  const operator = loadOperator(event.params.operator, event);
  const change = event.params.stake.minus(operator.stake);
  operator.stake = event.params.stake;
  operator.unbonding = event.params.unbonding;
  operator.slashed = operator.slashed.plus(event.params.amount);
  operator.save();

  const slash = new Slash(eventId(event));
  slash.operator = operator.id;
  slash.challenger = touch(event.params.challenger, event).id;
  slash.amount = event.params.amount;
  slash.reward = event.params.reward;
  slash.stake = event.params.stake;
  slash.unbonding = event.params.unbonding;
  slash.timestamp = event.block.timestamp;
  slash.transactionHash = event.transaction.hash;
  const latest = operator.latestChallenge;
  let challenge: Challenge | null = null;
  if (latest !== null) challenge = Challenge.load(latest);
  if (challenge !== null && challenge.transactionHash == event.transaction.hash) {
    challenge.slashed = challenge.slashed.plus(event.params.amount);
    challenge.reward = challenge.reward.plus(event.params.reward);
    challenge.save();
    slash.challenge = challenge.id;
  }
  slash.save();

  const lost = new SlashPoint(0);
  lost.operator = event.params.operator;
  lost.slashed = event.params.amount;
  lost.reward = event.params.reward;
  lost.save();
  const point = new StakePoint(0);
  point.change = change;
  point.save();
  const totals = loadProtocol();
  totals.stake = totals.stake.plus(change);
  totals.stakeSlashed = totals.stakeSlashed.plus(event.params.amount);
  totals.save();
}

export function handleUnbonded(event: Unbonded): void {
  const operator = loadOperator(event.params.operator, event);
  operator.unbonding = ZERO;
  operator.unbondedAt = null;
  recordStake(operator, event.params.operator, 'UNBONDED', event.params.amount, event.params.stake, event);
}
