import { Model, Parentage, Royalty } from '../generated/schema';
import { RoyaltyPaid } from '../generated/templates/ParentsAccount/ParentsAccount';
import { touch } from './entities/account';
import { eventId, parentageId } from './entities/ids';

export function handleRoyaltyPaid(event: RoyaltyPaid): void {
  const parentage = Parentage.load(parentageId(event.params.modelId, event.params.parentId))!;
  parentage.toOwners = parentage.toOwners.plus(event.params.toOwner);
  parentage.toParents = parentage.toParents.plus(event.params.toParents);
  parentage.lastPaidAt = event.block.timestamp;
  parentage.save();

  const royalty = new Royalty(eventId(event));
  royalty.parentage = parentage.id;
  royalty.owner = touch(event.params.owner, event).id;
  royalty.toOwner = event.params.toOwner;
  royalty.toParents = event.params.toParents;
  royalty.actor = touch(event.params.actor, event).id;
  royalty.timestamp = event.block.timestamp;
  royalty.transactionHash = event.transaction.hash;
  royalty.save();

  const parent = Model.load(parentage.parent)!;
  parent.royalties = parent.royalties.plus(event.params.toOwner);
  parent.save();

  const account = touch(event.params.owner, event);
  account.earned = account.earned.plus(event.params.toOwner);
  account.save();
}
