import { Address, ethereum } from '@graphprotocol/graph-ts';
import { EquivocationProven, FraudProven } from '../generated/FraudProofs/FraudProofs';
import { Challenge } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { loadBatch } from './entities/batch';
import { eventId } from './entities/ids';
import { loadOperator } from './entities/operator';
import { loadProtocol, ZERO } from './entities/protocol';

/** Names of the faults in the order of the contracts' enum (BatchFaults.sol). */
const FAULTS: string[] = [
  'DISORDER',
  'MALFORMED_LEAF',
  'MISSING_RECEIPT',
  'STRAY_RECEIPT',
  'WRONG_COLLECTION',
  'MISACCOUNTING',
  'STRAY_ALLOCATION',
  'CONTRADICTED_RECEIPT',
  'MISLABELLED_RECEIPT',
  'WRONG_PRICE',
  'UNFAITHFUL_ALLOCATION',
  'UNBALANCED_ALLOCATION',
  'UNFOUNDED_ALLOCATION',
  'FALSE_RECORD',
  'FALSE_SCORE',
  'OMITTED_RECORD',
  'FALSE_SPAN',
  'WITHHELD_DATA',
];

/** The proof's own event comes first; what it cost the operator, and which batches fell with it, in the events after it. */
function newChallenge(operator: Address, challenger: Address, fault: string, event: ethereum.Event): Challenge {
  const challenge = new Challenge(eventId(event));
  const accused = loadOperator(operator, event);
  accused.latestChallenge = challenge.id;
  accused.save();
  challenge.operator = accused.id;
  challenge.fault = fault;
  challenge.challenger = touch(challenger, event).id;
  challenge.value = ZERO;
  challenge.slashed = ZERO;
  challenge.reward = ZERO;
  challenge.timestamp = event.block.timestamp;
  challenge.transactionHash = event.transaction.hash;
  const totals = loadProtocol();
  totals.challengeCount += 1;
  totals.save();
  return challenge;
}

export function handleFraudProven(event: FraudProven): void {
  const fault = event.params.fault < FAULTS.length ? FAULTS[event.params.fault] : 'OTHER';
  const challenge = newChallenge(event.params.operator, event.params.challenger, fault, event);
  const entry = activity(event, 'FRAUD_PROVEN', event.params.challenger);
  const batch = loadBatch(event.params.operator, event.params.batchIndex);
  if (batch !== null) {
    batch.challenge = challenge.id;
    batch.isAccused = true;
    batch.save();
    challenge.batch = batch.id;
    entry.batch = batch.id;
  }
  challenge.save();
  entry.save();
}

export function handleEquivocationProven(event: EquivocationProven): void {
  const challenge = newChallenge(event.params.operator, event.params.challenger, 'EQUIVOCATION', event);
  challenge.channel = event.params.channel;
  challenge.sequence = event.params.sequence;
  challenge.save();
  activity(event, 'FRAUD_PROVEN', event.params.challenger).save();
}
