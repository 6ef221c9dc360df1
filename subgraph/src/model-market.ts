import { Listed, Sold, Unlisted } from '../generated/ModelMarket/ModelMarket';
import { Listing, Model, Sale } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { eventId, numberId } from './entities/ids';
import { endListing } from './entities/listing';

export function handleListed(event: Listed): void {
  const listing = new Listing(numberId(event.params.modelId)); // in place of an earlier one
  listing.model = listing.id;
  listing.status = 'OPEN';
  listing.seller = touch(event.params.seller, event).id;
  listing.price = event.params.price;
  listing.expiry = event.params.expiry;
  listing.listedAt = event.block.timestamp;
  listing.transactionHash = event.transaction.hash;
  listing.save();

  const model = Model.load(listing.id)!;
  model.listing = listing.id;
  model.salePrice = listing.price;
  model.save();
}

export function handleUnlisted(event: Unlisted): void {
  const model = Model.load(numberId(event.params.modelId))!;
  endListing(model, 'WITHDRAWN');
  model.save();
}

export function handleSold(event: Sold): void {
  const model = Model.load(numberId(event.params.modelId))!;
  endListing(model, 'SOLD'); // before the transfer's own event
  model.save();

  const sale = new Sale(eventId(event));
  sale.model = model.id;
  sale.seller = touch(event.params.seller, event).id;
  sale.buyer = touch(event.params.buyer, event).id;
  sale.price = event.params.price;
  sale.termsVersion = event.params.termsVersion.toI32();
  sale.releaseCount = event.params.releaseCount.toI32();
  sale.timestamp = event.block.timestamp;
  sale.transactionHash = event.transaction.hash;
  sale.save();

  const entry = activity(event, 'MODEL_SOLD', event.params.buyer);
  entry.model = model.id;
  entry.amount = event.params.price;
  entry.save();
}
