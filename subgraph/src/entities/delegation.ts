import { Address, ethereum } from '@graphprotocol/graph-ts';
import { Delegation, DelegationChange } from '../../generated/schema';
import { touch } from './account';
import { eventId, pairId } from './ids';

/** Records to whom a delegator's votes of one source go now, and that they changed. */
export function recordDelegation(source: string, delegator: Address, from: Address, to: Address, event: ethereum.Event): void {
  const delegation = new Delegation(pairId(event.address, delegator));
  delegation.source = source;
  delegation.delegator = delegator;
  if (to == Address.zero()) delegation.delegate = null;
  else delegation.delegate = touch(to, event).id;
  delegation.updatedAt = event.block.timestamp;
  delegation.save();

  const change = new DelegationChange(eventId(event));
  change.source = source;
  change.delegator = delegator;
  change.from = from;
  change.to = to;
  change.timestamp = event.block.timestamp;
  change.transactionHash = event.transaction.hash;
  change.save();
}
