import { Listing, Model } from '../../generated/schema';

/** Ends the open offer of a model, if there is one; the caller saves the model. A sale ends it before the transfer does. */
export function endListing(model: Model, status: string): void {
  model.salePrice = null;
  const id = model.listing;
  if (id === null) return;
  const listing = Listing.load(id)!;
  if (listing.status != 'OPEN') return;
  listing.status = status;
  listing.save();
}
