import { Address, ethereum } from '@graphprotocol/graph-ts';
import { Activity } from '../../generated/schema';
import { touch } from './account';
import { eventId } from './ids';

/** A new entry of the feed; the caller fills in what it is about and saves it. */
export function activity(event: ethereum.Event, kind: string, actor: Address): Activity {
  const entry = new Activity(eventId(event));
  entry.kind = kind;
  entry.actor = touch(actor, event).id;
  entry.timestamp = event.block.timestamp;
  entry.blockNumber = event.block.number;
  entry.transactionHash = event.transaction.hash;
  return entry;
}
