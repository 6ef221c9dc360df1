import { Address, Bytes, ethereum } from '@graphprotocol/graph-ts';
import { Operator } from '../../generated/schema';
import { touch } from './account';
import { loadProtocol, ZERO } from './protocol';

/** The operator of an address, counted and saved when new: stake may arrive before the registration's own event. */
export function loadOperator(address: Address, event: ethereum.Event): Operator {
  const known = Operator.load(address);
  if (known != null) return known;
  const account = touch(address, event);
  account.operator = address;
  account.save();
  const operator = new Operator(address);
  operator.account = address;
  operator.signer = Bytes.empty();
  operator.endpoint = '';
  operator.metadataCid = '';
  operator.stake = ZERO;
  operator.unbonding = ZERO;
  operator.batchCount = 0;
  operator.batchFinalCount = 0;
  operator.batchVoidCount = 0;
  operator.slashed = ZERO;
  operator.refunded = ZERO;
  operator.callCount = ZERO;
  operator.fees = ZERO;
  operator.net = ZERO;
  operator.rewardsClaimed = ZERO;
  operator.rewardsWeight = ZERO;
  operator.rewardsAmount = ZERO;
  operator.jobAttestedCount = 0;
  operator.trainingPaid = ZERO;
  operator.registeredAt = event.block.timestamp;
  operator.save();
  const totals = loadProtocol();
  totals.operatorCount += 1;
  totals.save();
  return operator;
}
