import { Rated } from '../generated/Ratings/Ratings';
import { Model, Rating } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { requestFile } from './entities/files';
import { memberId, numberId } from './entities/ids';

export function handleRated(event: Rated): void {
  const model = Model.load(numberId(event.params.modelId))!;
  const id = memberId(event.params.modelId, event.params.rater);
  let rating = Rating.load(id);
  if (rating == null) {
    rating = new Rating(id);
    rating.model = model.id;
    rating.rater = touch(event.params.rater, event).id;
    rating.changeCount = 0;
    rating.createdAt = event.block.timestamp;
    model.ratingCount += 1;
  } else {
    rating.changeCount += 1;
  }
  rating.stars = event.params.stars;
  rating.commentCid = event.params.commentCid;
  rating.comment = requestFile('Document', event.params.commentCid);
  rating.operator = touch(event.params.operator, event).id;
  rating.receiptHash = event.params.receiptHash;
  rating.ratedAt = event.block.timestamp;
  rating.transactionHash = event.transaction.hash;
  rating.save();

  model.ratingStars += event.params.stars - event.params.starsBefore;
  model.rating = (100 * model.ratingStars) / model.ratingCount;
  model.save();

  const entry = activity(event, 'MODEL_RATED', event.params.rater);
  entry.model = model.id;
  entry.save();
}
